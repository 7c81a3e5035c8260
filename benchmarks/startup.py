"""The cost of a command that does nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.places import environment, fbsync
from benchmarks.rows import Row, against
from benchmarks.timing import Command, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family."""
    variables = environment()
    version = Command(argv=fbsync("--version"), folder=root, environment=variables, expected="fbsync ")
    click = Command(argv=(sys.executable, "-c", "import click"), folder=root, environment=variables, expected="")
    measured = pairs(version, click, runs=25)
    yield against(
        "`fbsync --version`",
        '`python -c "import click"`',
        limit=1.1,
        ratio=measured.ratio,
        seconds=measured.seconds,
    )
