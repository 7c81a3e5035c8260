"""Parse JSON, but refuse a key that appears twice: it would be a guess which value counts."""

from __future__ import annotations

import json
from typing import Any


def parse_strict_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """Parse JSON.

    Raises:
        ValueError: the text is not JSON, or a key appears twice.
        RecursionError: the text is nested too deeply.
    """
    return json.loads(text, object_pairs_hook=_distinct)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build a mapping as ``json`` does, but refuse a key that appears twice."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key appears twice")
    return value
