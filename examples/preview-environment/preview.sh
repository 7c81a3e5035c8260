#!/bin/sh
# Creates or deletes the environment of a pull request. Its known state is on a separate branch, so that
# the run that closes it has the known state, on any machine.
# Needs a checkout with a remote origin that may be pushed to, a way to sign in, and for "up" the manifest's credentials.
# Usage: preview.sh up|down NUMBER [MANIFEST]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
action=$1
number=$2
manifest=${3:-$here/preview.yaml}
branch=fbsync-previews
case $number in
    '' | *[!0-9]*)
        echo "preview.sh: not a pull request number: $number" >&2
        exit 64
        ;;
esac

work=$(mktemp -d)
trap 'git worktree remove --force "$work/state" 2>/dev/null; rm -rf "$work"' EXIT
if git fetch --quiet --depth=1 origin "$branch" 2>/dev/null; then
    git worktree add --quiet --detach "$work/state" FETCH_HEAD
else
    git worktree add --quiet --detach "$work/state"
    git -C "$work/state" switch --quiet --orphan "new-$branch-$$"
fi

status=0
case $action in
    up)
        sed "s/pr-0/pr-$number/" "$manifest" >"$work/fbsync.yaml"
        fbsync apply -f "$work/fbsync.yaml" -e "pr-$number" --state "file:$work/state" --yes || status=$?
        ;;
    down)
        fbsync destroy -e "pr-$number" --state "file:$work/state" --yes || status=$?
        ;;
    *)
        echo "preview.sh: not up or down: $action" >&2
        exit 64
        ;;
esac
(cd "$work/state" && sh "$here/../shell-ci/record.sh" "$branch") || [ "$status" -ne 0 ] || status=1
exit "$status"
