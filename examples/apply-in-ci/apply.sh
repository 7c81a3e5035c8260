#!/bin/sh
# The step of a pipeline on the main branch: applies, and commits the lockfile even when only a part succeeded.
# Needs FLASHBACK_TOKEN (or another means of signing in), FLASHBACK_WORKSPACE_ID and the manifest's credentials in
# the environment. Run one at a time: a concurrency group, a lock, or whatever the CI system calls it.
set -eu

status=0
fbsync apply --yes --parallelism 4 || status=$?

[ ! -f fbsync.lock ] || git add fbsync.lock    # a rehearsal in a sandbox keeps its lockfile elsewhere
if ! git diff --cached --quiet -- fbsync.lock; then
    git commit --quiet --message "Record what fbsync applied" -- fbsync.lock
    git push --quiet
fi
exit "$status"
