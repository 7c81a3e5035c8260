#!/bin/sh
# Installs fbsync from the checkout that this script is in, with exactly the packages of install.txt, into a virtual
# environment of its own. Pipelines use it: nothing in the folder that it is called from is run or read.
# Usage: install.sh VENV
set -eu
requirements=$(cd "$(dirname "$0")" && pwd)
case $1 in
    /*) venv=$1 ;;
    *) venv=$PWD/$1 ;;
esac
cd /

install() {
    "$venv/bin/python" -I -m pip install --quiet --no-input --disable-pip-version-check "$@"
}

python3 -I -m venv "$venv"
install --require-hashes --requirement "$requirements/install.txt"
# What builds fbsync is installed by now, with its hashes: nothing more is downloaded.
install --no-index --no-deps --no-build-isolation "$requirements/.."
