"""Validate a large manifest, compared with only loading it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.places import environment, fbsync, folder
from benchmarks.rows import Row, against
from benchmarks.timing import Command, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOAD = "import yaml; yaml.load(open('fbsync.yaml', 'rb'), yaml.CSafeLoader)"


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family."""
    place, variables = folder(root, "validate", entries=10_000, secrets=50), environment()
    validate = Command(argv=fbsync("validate"), folder=place, environment=variables, expected="10000 entries, no")
    load = Command(argv=(sys.executable, "-c", _LOAD), folder=place, environment=variables, expected="")
    measured = pairs(validate, load, runs=11)
    yield against(
        "`validate`, 10,000 entries",
        "`yaml.load(…, CSafeLoader)` alone, in a separate process",
        limit=0.7,
        ratio=measured.ratio,
        seconds=measured.seconds,
    )
