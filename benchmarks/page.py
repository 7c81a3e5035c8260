"""The page with the results, docs/benchmarks.md. A run can update its tables."""

from __future__ import annotations

import re
from pathlib import Path

_PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def put_into_page(family: str, table: str) -> None:
    """Put a family's table between its two marks.

    Raises:
        ValueError: the page has no such marks.
    """
    text = _PAGE.read_text(encoding="utf-8")
    begin, end = f"<!-- {family} -->\n", f"<!-- end of {family} -->"
    renewed, number = re.subn(
        re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + table + end, text, flags=re.DOTALL
    )
    if number != 1:
        raise ValueError(f"docs/benchmarks.md has no place for {family}")
    _PAGE.write_text(renewed, encoding="utf-8")
