#!/bin/sh
# The step of a pipeline on a pull request: prints the plan, and writes it as a comment to a file of Markdown.
# Needs no token, no network and no credential. Ends with 0 whether or not changes are pending.
# Usage: plan.sh FILE [ENVIRONMENT]
set -eu
comment=$1
environment=${2:-}

fbsync validate --strict
status=0
fbsync plan --detailed-exitcode ${environment:+--environment "$environment"} || status=$?
case $status in
    0 | 2) ;;
    *) exit "$status" ;;
esac
fbsync plan --format markdown --max-chars 60000 ${environment:+--environment "$environment"} >"$comment"
