# Read by the scripts here and in tests/: makes a virtual environment with fbsync in it, and puts it on the PATH.

# ready_venv ROOT EXTRA: FBSYNC_VENV says where, .venv in ROOT by default; PYTHON which interpreter.
ready_venv() {
    venv=${FBSYNC_VENV:-$1/.venv}
    python=${PYTHON:-}
    for candidate in python3 python3.13 python3.12 python3.11; do
        [ -z "$python" ] || break
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
        fi
    done
    if [ -z "$python" ]; then
        echo "fbsync needs Python 3.11 or newer: install one, or name it with PYTHON=/path/to/python3" >&2
        exit 1
    fi
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$1[$2]"
    PATH=$venv/bin:$PATH
    export PATH
}
