#!/bin/sh
# The step of a pipeline on a pull request, from a fork too. It needs no token, network or credential.
# Exits with 0 whether or not changes are pending, and says which; with 3 if the manifest is wrong.
set -eu

fbsync validate --strict

status=0
fbsync plan --detailed-exitcode || status=$?
case $status in
    0) echo "This pull request changes no configuration." ;;
    2) echo "Merging this pull request makes the changes above." ;;
    *) exit "$status" ;;
esac
