"""Resolve an unquoted word by the core schema of YAML 1.2 (chapter 10.3.2): null, boolean, number or text."""

from __future__ import annotations

import re

from fbsync.model.errors import FbsyncError

LONGEST_NUMBER = 1_000
"""In characters: longer than any useful number, and short enough for Python to convert (it refuses very long ones)."""

_WORDS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}

_NUMBER_STARTS = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

SUSPECTS = _NUMBER_STARTS | frozenset("~nNtTfF") | {""}
"""First characters of words that may not be text (``word[:1]``). All others are text."""


class NumberTooLong(FbsyncError):  # noqa: N818 - reads well at the raise
    """A number of more than ``LONGEST_NUMBER`` characters."""


def resolve(word: str) -> str | int | float | bool | None:
    """Return the value of a plain (unquoted) scalar.

    Args:
        word: the scalar's text, with lines folded and without surrounding whitespace.

    Returns:
        The value, or the text itself if the core schema gives it no other meaning.

    Raises:
        NumberTooLong: the number is longer than ``LONGEST_NUMBER`` characters.
    """
    if word in _WORDS:
        return _WORDS[word]
    if word[0] in _NUMBER_STARTS:
        return _number(word)
    return word


def _number(word: str) -> str | int | float:
    if _INTEGER.fullmatch(word):
        return int(_bounded(word))
    if _PREFIXED.fullmatch(word):
        return int(_bounded(word), base=0)
    if _FLOAT.fullmatch(word):
        return float(_bounded(word))
    return word


def _bounded(word: str) -> str:
    if len(word) > LONGEST_NUMBER:
        raise NumberTooLong("the number is too long")
    return word
