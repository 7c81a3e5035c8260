#!/bin/sh
# Commits the lockfiles below the current folder and pushes them to a branch, also after a partly failed apply.
# A journal is committed as long as there is one, since the next run needs it and this machine may be gone by then.
# Rebases onto what others pushed. If that is impossible because they changed a lockfile, the commit goes to
# a separate branch, so that the known state is not lost, and the exit code is 1.
# GitHub and GitLab start no pipeline for [skip ci]; elsewhere one more apply finds nothing to do.
# Usage: record.sh [BRANCH], which is the checked out one by default; the remote is origin.
set -eu
branch=${1:-$(git symbolic-ref --short HEAD)}
name=${FBSYNC_GIT_NAME:-fbsync}
email=${FBSYNC_GIT_EMAIL:-fbsync@localhost}
export GIT_AUTHOR_NAME="$name" GIT_AUTHOR_EMAIL="$email" GIT_COMMITTER_NAME="$name" GIT_COMMITTER_EMAIL="$email"

keep_aside() {
    aside=fbsync-lockfile-$(git rev-parse --short HEAD)
    git push --quiet origin "HEAD:refs/heads/$aside" || aside=
    echo "The lockfile could not be pushed to $branch${aside:+; it is on the branch $aside}." >&2
    echo "Merge it from there, or recover with: fbsync apply --adopt" >&2
    exit 1
}

git ls-files -z --cached --deleted --others -- ':(glob)**/fbsync*.lock' ':(glob)**/fbsync*.lock.journal' |
    xargs -0 -r git add --force --all --
if git diff --cached --quiet; then
    echo "The lockfile is unchanged."
    exit 0
fi
git commit --quiet --message "Record what fbsync applied [skip ci]"

attempt=1
until git push --quiet origin "HEAD:refs/heads/$branch"; do
    [ "$attempt" -lt 5 ] || keep_aside
    attempt=$((attempt + 1))
    git fetch --quiet origin "$branch" || keep_aside
    git rebase --quiet --autostash FETCH_HEAD || {
        git rebase --abort
        keep_aside
    }
done
echo "Pushed the lockfile to $branch."
