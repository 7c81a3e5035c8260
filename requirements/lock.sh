#!/bin/sh
# Resolves what fbsync needs into requirements/install.txt, and what a release is made with into release.txt: every
# package with its version and hashes, for each Python from 3.11 on. Run it after a change to pyproject.toml; with
# --upgrade it takes the newest versions.
# Needs uv (https://docs.astral.sh/uv/): pip install uv
set -eu
cd "$(dirname "$0")/.."

lock() {
    target=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --output-file "requirements/$target" "$@"
}

lock install.txt "$@" pyproject.toml requirements/build.in
lock release.txt "$@" requirements/build.in requirements/release.in
