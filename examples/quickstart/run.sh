#!/bin/sh
# Installs fbsync into .venv and applies this folder's manifest to a sandbox, twice: the second run changes nothing.
# Run it as often as you like: each rehearsal has its own known state, and leaves nothing here.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$root/examples/venv.sh"
ready_venv "$root" sandbox
cd "$here"

# shellcheck disable=SC2016 # the variables are for the inner shell
fbsync sandbox run --seed stored-keys.json -- sh -euc '
    echo "\$ fbsync apply --env-file made-up.env"
    fbsync apply --env-file made-up.env
    printf "\n\$ python list.py    # what the server has now\n"
    python list.py
    printf "\n\$ fbsync apply --env-file made-up.env\n"
    fbsync apply --env-file made-up.env
'

cat <<EOF

This was a rehearsal without a real server, and the sandbox has stopped. Next steps:
  1. Put fbsync on your path:           . "$venv/bin/activate"
  2. Start in a folder of your own:     mkdir my-llms && cd my-llms && fbsync init
  3. Edit fbsync.yaml, then rehearse:   OPENAI_API_KEY=made-up fbsync sandbox run -- fbsync apply
  4. Plan against the real server:      fbsync plan    (it needs FLASHBACK_TOKEN; apply changes things)
  $root/README.md explains the rest.
EOF
