"""Decide what to show of an input: words, but never anything that might be a credential."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# The first mistake compiles the patterns that only mistakes need. Most runs find no mistake.
_SEPARATORS = r"[ ._/()&+',-]+"
_WORD = r"(?P<letters>[^\W\d_]{1,20})\d{0,2}|\d{1,4}"
_CAMEL_CASE = r"[A-Za-z]?[a-z]{3,}(?:[A-Z][a-z]+){1,3}"
_ANY_CASE = 11
_LONGEST = 64
_MOST_DIGITS = 4
_MOST_CHOICES = 1_000


def is_wordlike(text: str) -> bool:
    """Whether a text consists of words, which makes it safe to show even if its meaning is unknown.

    Credentials are random: long runs, digits among letters, case that changes without a reason. Words, words joined
    by dashes and the like, and a few digits (``eu-central-1``, ``gpt-4``) are not credentials.
    """
    words = [word for word in re.split(_SEPARATORS, text) if word]
    digits = sum(character.isdigit() for character in text)
    return (
        0 < len(text) <= _LONGEST and digits <= _MOST_DIGITS and bool(words) and all(_is_word(word) for word in words)
    )


def _is_word(text: str) -> bool:
    match = re.fullmatch(_WORD, text)
    if match is None:
        return False
    letters = match["letters"] or ""
    as_words_are = letters in (letters.lower(), letters.upper(), letters.capitalize())
    return len(letters) <= _ANY_CASE or as_words_are or bool(re.fullmatch(_CAMEL_CASE, letters))


def quoted(text: object, otherwise: str) -> str:
    """Return a text in quotes, or ``otherwise`` if the text must not be shown."""
    return f'"{text}"' if isinstance(text, str) and is_wordlike(text) else otherwise


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that a mistyped word most likely meant, or None. Case, spaces, dashes and "_" do not count."""
    folded = _by_folded(choices)
    exact = folded.get(_case_folded(word))
    if exact is not None or len(folded) > _MOST_CHOICES:
        return exact
    from difflib import get_close_matches

    close = get_close_matches(_case_folded(word), folded, n=1, cutoff=0.7)
    return folded[close[0]] if close else None


def same_word(word: str, choices: Iterable[str]) -> str | None:
    """Return the choice that equals a word, or None. Case, spaces, dashes and "_" do not count."""
    return _by_folded(choices).get(_case_folded(word))


def _by_folded(choices: Iterable[str]) -> dict[str, str]:
    folded: dict[str, str] = {}
    for choice in choices:
        folded.setdefault(_case_folded(choice), choice)
    return folded


def _case_folded(word: str) -> str:
    return re.sub(r"[\s_-]", "", word.casefold())
