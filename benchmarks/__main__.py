"""``python -m benchmarks``: measure fbsync against other programs, and print a table.

Without names, all families are measured; names choose some of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks import applies, plans, refreshes, scale, shared, startup, validation, writes
from benchmarks.page import put_into_page
from benchmarks.rows import Row, document, table

_FAMILIES = {
    "startup": startup.rows,
    "plan": plans.rows,
    "validate": validation.rows,
    "apply": applies.rows,
    "shared": shared.rows,
    "refresh": refreshes.rows,
    "scale": scale.rows,
    "writes": writes.rows,
}


def main() -> int:
    """Measure; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(_FAMILIES)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there, too")
    parser.add_argument("--docs", action="store_true", help="put the tables into docs/benchmarks.md")
    options = parser.parse_args()
    if unknown := set(options.names) - _FAMILIES.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}: choose from {', '.join(_FAMILIES)}")
    rows: list[Row] = []
    for name in options.names or _FAMILIES:
        measured: list[Row] = []
        with tempfile.TemporaryDirectory(prefix="fbsync-benchmark-") as folder:
            for row in _FAMILIES[name](Path(folder)):
                sys.stderr.write(f"{row.work}: {row.measured or row.took}\n")
                measured.append(row)
        rows += measured
        if options.docs:
            put_into_page(name, table(measured))
    sys.stdout.write(table(rows))
    if options.json is not None:
        options.json.write_text(json.dumps(document(rows, _machine()), indent=2) + "\n", encoding="utf-8")
    return int(any(row.is_met is False for row in rows))


def _machine() -> dict[str, object]:
    return {"python": platform.python_version(), "system": platform.platform(), "processors": os.cpu_count()}


if __name__ == "__main__":
    sys.exit(main())
