"""Describe the shape of an unexpected answer, which is safe to report: keys and types, never values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_KEYS = 12
_LONGEST_KEY = 40
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}")


def shape_of(value: object, *, depth: int = 2) -> str:
    """Return the shape of a JSON value, such as ``{success: boolean, aiLlms: list of 2 objects}``.

    Args:
        value: the value. A key is shown only if it reads like a word, since servers also use values as keys.
        depth: how many levels of nested objects to describe.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return _list_shape(value)
        case dict():
            return _object_shape(value, depth) if depth else "object"
        case _:
            return "nothing"


def _list_shape(values: list[Any]) -> str:
    kinds = {shape_of(item, depth=0) for item in values}
    each = f"{kinds.pop()}s" if len(kinds) == 1 else "values"
    return "empty list" if not values else f"list of {len(values)} {each}"


def _object_shape(values: Mapping[str, Any], depth: int) -> str:
    shown = [
        f"{_key_shape(key)}: {shape_of(value, depth=depth - 1)}" for key, value in list(values.items())[:_MOST_KEYS]
    ]
    rest = [f"{len(values) - _MOST_KEYS} more"] if len(values) > _MOST_KEYS else []
    return "{" + ", ".join([*shown, *rest]) + "}"


def _key_shape(key: str) -> str:
    return key if len(key) <= _LONGEST_KEY and key.isprintable() and is_wordlike(key) else "(a key)"


def media_type(value: str | None) -> str:
    """Return the media type in a ``Content-Type`` header, or "no known type" if it does not look like one."""
    kind = (value or "").partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else "no known type"
