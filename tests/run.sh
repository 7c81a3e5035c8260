#!/bin/sh
# Installs fbsync with its test tools into .venv and runs the tests; arguments go to pytest.
set -eu
# Without compiled modules, each interpreter that the tests start compiles them again.
unset PYTHONDONTWRITEBYTECODE
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/examples/venv.sh"
ready_venv "$root" test
cd "$root"
# Tests wait for processes and servers longer than they compute: three workers for each processor.
exec python -m pytest -n "$((3 * $(getconf _NPROCESSORS_ONLN)))" --dist worksteal "$@"
