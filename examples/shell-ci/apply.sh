#!/bin/sh
# The step of a pipeline on the main branch: checks out the branch's tip, applies, and pushes the lockfile.
# Not the commit that started the pipeline: it may not have the lockfile that the previous run has pushed since.
# Needs a means of signing in and the manifest's credentials in the environment. Run one at a time.
# With FILE, it writes the result there, as a Markdown comment.
# Usage: apply.sh BRANCH [ENVIRONMENT [FILE]]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
branch=$1
environment=${2:-}
comment=${3:-}

git fetch --quiet origin "$branch"
git checkout --quiet -B "$branch" FETCH_HEAD

status=0
result=$(mktemp)
trap 'rm -f "$result"' EXIT
fbsync apply --yes --result "$result" ${environment:+--environment "$environment"} || status=$?
[ -z "$comment" ] || fbsync show "$result" --format markdown --max-chars 60000 >"$comment" || rm -f "$comment"
sh "$here/record.sh" "$branch" || [ "$status" -ne 0 ] || status=1
exit "$status"
