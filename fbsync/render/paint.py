"""Colour text for terminals, and make foreign text safe to show."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Categories of characters that are invisible or affect visible ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paint:
    """Colours text with ANSI codes (ECMA-48, SGR), or leaves it unchanged.

    Attributes:
        enabled: whether to use colours.
    """

    enabled: bool

    def _sgr(self, code: int, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.enabled and text else text

    def bold(self, text: str) -> str:
        """Return text in bold, for what is important."""
        return self._sgr(1, text)

    def dim(self, text: str) -> str:
        """Return dimmed text, for what is less important."""
        return self._sgr(2, text)

    def red(self, text: str) -> str:
        """Return red text, for what is wrong or removed."""
        return self._sgr(31, text)

    def green(self, text: str) -> str:
        """Return green text, for what is right or added."""
        return self._sgr(32, text)

    def yellow(self, text: str) -> str:
        """Return yellow text, for what changes or needs attention."""
        return self._sgr(33, text)

    def cyan(self, text: str) -> str:
        """Return cyan text, for what to do."""
        return self._sgr(36, text)


def visible(text: str) -> str:
    """Return a foreign text (a name, a server's message) without anything that a terminal would act on.

    Control, format and direction characters become escapes. Joiners within words stay.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in "\u200c\u200d":
        return character
    if character in _BIDI or unicodedata.category(character) in HIDDEN:
        return character.encode("unicode_escape").decode()
    return character
