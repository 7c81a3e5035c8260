"""The width of a text in terminal columns."""

from __future__ import annotations

import unicodedata


def columns(text: str) -> int:
    """How many terminal columns a text takes (UAX #11: wide and full-width characters take two)."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(character_width(character) for character in text)


def character_width(character: str) -> int:
    """How many of them a character takes; none where it only adds to the one before."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
