"""The width of a text in terminal columns."""

from __future__ import annotations

import unicodedata


def columns(text: str) -> int:
    """Return the width of a text in terminal columns (UAX #11: wide and full-width characters take two)."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(character_width(character) for character in text)


def character_width(character: str) -> int:
    """Return the width of a character in columns, which is zero if it combines with the previous one."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
