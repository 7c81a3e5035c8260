"""The redactor, which checks all foreign text before fbsync shows it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from fbsync.foreign_text.credential_index import WINDOW, CredentialIndex
from fbsync.foreign_text.readings import decoded_runs, readings_of
from fbsync.model.configurations import WITHHELD_VALUE
from fbsync.model.spelling import canonical_url, loose_name
from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from fbsync.model.secret import Secret

SHOWN = 300
"""The maximum number of characters to show of a foreign text."""

WITHHELD = "(message withheld: it repeats a credential)"

_SEARCHED = 4096
_SHOWN_FROM = 2048
"""The search covers more text than fbsync shows, so its end never cuts a shown credential in two."""

_OVERLAP = 1024
"""The number of characters by which the parts of a long value overlap."""

_MIN_DECODED = 4
"""The minimum length of credentials to find in decoded text. Shorter ones occur by chance in any decoded word."""

_PREFIXED_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|gsk|hf|key|xai|pplx|ghp|gho|glpat|xox[a-z])[-_][\w*.…-]{6,}"
    r"|A[KS]IA[A-Z0-9*]{8,}|AIza[\w*-]{8,}|ya29\.[\w.*-]{8,}|eyJ[\w-]{8,}\.[\w.-]*)"
)
"""Keys with prefixes that providers document (OpenAI, Anthropic, AWS, Google and others), and JWTs."""
_RUN = re.compile(r"[A-Za-z0-9+/_=*~.-]{16,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Redactor:
    """Check all foreign text before fbsync shows it.

    A text that repeats a credential, or a large part of one, is withheld as a whole. Replacing only the matching part
    would leave the rest of a value that the server cut off. Repetitions are found in plain text with any case and
    whitespace, and in JSON, URL, HTML, base64 and hex encodings, even nested.

    Args:
        secrets: the run's credentials, including those to sign in with.
        public: texts that the manifest and the known state contain anyway, so a server may list them.
    """

    def __init__(self, secrets: Iterable[Secret] = (), *, public: Iterable[str] = ()) -> None:
        self._unread: list[Secret] = []
        self._known: set[Secret] = set()
        self._index = CredentialIndex()
        self._public_texts = tuple(public)
        self._checked: dict[str, str] = {}
        self.add(*secrets)

    def add(self, *secrets: Secret) -> None:
        """Add more credentials to look for, such as a token that the server has just returned."""
        new = [secret for secret in secrets if secret not in self._known]
        if new:
            self._known.update(new)
            self._unread += new
            self._checked.clear()

    def redact(self, text: str) -> str:
        """Make a foreign text safe to show. Return one line of at most ``SHOWN`` characters, or ``WITHHELD``.

        Args:
            text: the text, of any length.
        """
        return self._redacted(text, _without_keys)

    def redact_provider(self, text: str) -> str:
        """Do the same as ``redact`` for a provider's words, which may quote keys that this run does not know."""
        return self._redacted(text, _without_runs)

    def value(self, text: str) -> str:
        """Return a listed value unchanged, or ``WITHHELD_VALUE`` if it repeats a credential.

        Args:
            text: the value, of any length.
        """
        if text not in self._checked:
            self._checked[text] = WITHHELD_VALUE if self._gives_away(text) else text
        return self._checked[text]

    def _gives_away(self, text: str) -> bool:
        if _UUID.fullmatch(text):  # its digits may contain a short credential by chance
            return self._is_known_in((text,), shortest=WINDOW) and not self._is_public(text)
        if self._is_public(text):
            return False
        parts = (text[at : at + _SEARCHED] for at in range(0, len(text), _SEARCHED - _OVERLAP))
        return any(self._is_repeated_in(tuple(readings_of(part)), words_decoded=False) for part in parts)

    def _is_public(self, text: str) -> bool:
        return not self._public.isdisjoint(_spellings(text))

    @cached_property
    def _public(self) -> frozenset[str]:
        return frozenset(spelling for text in self._public_texts for spelling in _spellings(text))

    def _redacted(self, text: str, mask: Callable[[str], str]) -> str:
        cut = text[:_SEARCHED]
        readings = tuple(readings_of(cut))
        if self._is_repeated_in(readings):
            return WITHHELD
        masked = mask(cut)
        if any(_PREFIXED_KEY.search(reading) for reading in readings_of(masked)):
            return WITHHELD
        return _one_line(masked[:_SHOWN_FROM])

    def _is_known_in(self, readings: tuple[str, ...], *, shortest: int = 1) -> bool:
        while self._unread:
            self._index.add(_folded(self._unread.pop().reveal()))
        return any(self._index.is_in(_folded(reading), shortest=shortest) for reading in readings)

    def _is_repeated_in(self, readings: tuple[str, ...], *, words_decoded: bool = True) -> bool:
        if self._is_known_in(readings):
            return True
        decoded = {text for reading in readings for text in decoded_runs(reading, words=words_decoded)}
        return any(
            self._index.is_in(_folded(reading), shortest=_MIN_DECODED)
            for text in decoded
            for reading in readings_of(text, depth=1)
        )


def _spellings(text: str) -> set[str]:
    """The canonical forms of a value, as a name and as a URL."""
    return {text, loose_name(text), canonical_url(text)}


def _folded(text: str) -> str:
    """A text without the differences that a server may introduce: case, whitespace and invisible characters."""
    folded = text.casefold()
    if folded.isascii() and folded.isprintable():
        return folded.replace(" ", "")  # like nearly all texts
    return "".join(character for character in folded if character.isprintable() and not character.isspace())


def _without_keys(text: str) -> str:
    return _PREFIXED_KEY.sub("[withheld]", text)


def _without_runs(text: str) -> str:
    """A text without long runs that do not read like words, since a provider's key may have any form."""
    return _RUN.sub(lambda match: match[0] if _is_harmless(match[0]) else "[withheld]", _without_keys(text))


def _is_harmless(run: str) -> bool:
    stripped = run.strip(".-_=")
    return bool(_UUID.fullmatch(stripped)) or is_wordlike(stripped)


def _one_line(text: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(plain.split())
    return words if len(words) <= SHOWN else words[:SHOWN] + "…"
