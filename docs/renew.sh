#!/bin/sh
# Write again what the pages take from the code: help texts, formats, findings, and what the commands of their blocks print.
# Needs fbsync with its extra `sandbox` on the PATH. The pictures have a script of their own: docs/plans/make.py.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python "$here/commands/make.py"
python "$here/reference/make.py"
python "$here/page_blocks.py"
python "$here/session/record.py"
