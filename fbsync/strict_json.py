"""JSON in which no key appears twice: which value counts would be a guess."""

from __future__ import annotations

import json
from typing import Any


def parse_strict_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Read JSON.

    Raises:
        ValueError: it is none, or a key appears twice.
        RecursionError: it is nested too deep.
    """
    return json.loads(text, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a mapping as json does, but refuses a key given twice: which value counts would be a guess."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key appears twice")
    return value
