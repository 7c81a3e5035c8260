#!/bin/sh
# The step of a pipeline on a pull request, from a fork, too: no token, no network and no credential is needed.
# Ends with 0 whether or not changes are pending, and says which; with 3 when the manifest is wrong.
set -eu

fbsync validate --strict

status=0
fbsync plan --detailed-exitcode || status=$?
case $status in
    0) echo "This pull request changes no configuration." ;;
    2) echo "Merging this pull request makes the changes above." ;;
    *) exit "$status" ;;
esac
