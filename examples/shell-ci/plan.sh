#!/bin/sh
# The step of a pipeline on a pull request: prints the plan, and writes it as a comment to a Markdown file.
# Needs no token, no network and no credential. Ends with 0 whether or not changes are pending.
# It lists the lockfiles, journals and .env files that differ from the commit FBSYNC_BASE (on GitLab: the one
# that the merge request is compared with): fbsync writes those on the main branch, and an apply relies on them.
# Usage: plan.sh FILE [ENVIRONMENT]
set -eu
comment=$1
environment=${2:-}

fbsync validate --strict
status=0
saved=$(mktemp)
trap 'rm -f "$saved"' EXIT
fbsync plan --detailed-exitcode --out "$saved" ${environment:+--environment "$environment"} || status=$?
case $status in
    0 | 2 | 8) fbsync show "$saved" --format markdown --max-chars 60000 >"$comment" ;;
    *) exit "$status" ;;
esac
# If apply would refuse the plan, the comment says why.
[ "$status" != 8 ] || exit 8

base=${FBSYNC_BASE:-${CI_MERGE_REQUEST_DIFF_BASE_SHA:-}}
if [ -n "$base" ]; then
    git cat-file -e "$base" 2>/dev/null || git fetch --quiet --depth=1 origin "$base"
    git diff --name-only "$base" HEAD -- ':(glob)**/*.lock' ':(glob)**/*.journal' ':(glob)**/.env*' \
        ':(exclude,glob)**/*.example' | LC_ALL=C tr -c 'A-Za-z0-9._/\n-' '?' |
        sed "s/.*/- \`&\` changed: fbsync writes it on the main branch, and an apply relies on it. Check every line./" |
        tee -a "$comment" >&2
fi
