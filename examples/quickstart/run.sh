#!/bin/sh
# Installs fbsync into .venv and applies this folder's manifest to a sandbox, twice: the second run changes nothing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/examples/venv.sh"
ready_venv "$root" sandbox

# A copy, so that the lockfile of this rehearsal does not stay in the checkout.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp "$here/fbsync.yaml" "$here/made-up.env" "$here/list.py" "$folder"
cd "$folder"

# shellcheck disable=SC2016 # the variables are for the inner shell
fbsync sandbox run -- sh -euc '
    echo "\$ fbsync apply --env-file made-up.env"
    fbsync apply --env-file made-up.env
    printf "\n\$ python list.py    # what the server holds now\n"
    python list.py
    printf "\n\$ fbsync apply --env-file made-up.env\n"
    fbsync apply --env-file made-up.env
'
