"""Foreign text: what servers, proxies and providers say, checked against every credential before it is shown."""

from __future__ import annotations

import binascii
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from fbsync.model.configurations import WITHHELD_VALUE
from fbsync.model.spelling import canonical_url, loose_name
from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from fbsync.model.secret import Secret

SHOWN = 300
"""How many characters of a foreign text are shown at most."""

WITHHELD = "(message withheld: it repeats a credential)"

_SEARCHED = 4096
_SHOWN_FROM = 2048
"""What is shown ends well before what is searched does: no credential is cut in two at the end of the search."""

_OVERLAP = 1024
"""How much of a part of a long value the next part has again."""

_WINDOW = 12
"""How many characters of a credential in a foreign text count as a repetition of it."""
_GRAM = 6
"""A window holds one aligned run of so many characters, wherever it begins: these are what is indexed."""
_DEPTH = 3
_MOST_READINGS = 64
_MIN_DECODED = 4
"""Chance puts a shorter credential into the bytes of any word that is read as base64."""

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_HEX = re.compile(r"[0-9A-Fa-f]{8,}")
_URL_SAFE = str.maketrans("-_", "+/")

_PREFIXED_KEY = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:sk|pk|rk|gsk|hf|key|xai|pplx|ghp|gho|glpat|xox[a-z])[-_][\w*.…-]{6,}"
    r"|A[KS]IA[A-Z0-9*]{8,}|AIza[\w*-]{8,}|ya29\.[\w.*-]{8,}|eyJ[\w-]{8,}\.[\w.-]*)"
)
"""Prefixes that providers document for their keys (OpenAI, Anthropic, AWS, Google and others), and a JWT's."""
_RUN = re.compile(r"[A-Za-z0-9+/_=*~.-]{16,}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class Redactor:
    """The one place through which all foreign text goes before anybody sees it.

    A text that repeats a credential, or a good part of one, is withheld as a whole: replacing what matches would leave
    the rest of a value that the server cut short. A repetition is recognized in plain text, in any case and however
    blanks stand in it, and JSON-, URL-, HTML-, base64- and hex-encoded, nested too.

    Args:
        secrets: the credentials that the run has, its means of signing in included.
        public: texts that manifest and known state hold anyway, so that a server may list them.
    """

    def __init__(self, secrets: Iterable[Secret] = (), *, public: Iterable[str] = ()) -> None:
        self._unread = list(secrets)
        self._index = _Index()
        self._public = frozenset(spelling for text in public for spelling in _spellings(text))
        self._checked: dict[str, str] = {}

    def add(self, *secrets: Secret) -> None:
        """Take note of further credentials, such as a token that the server just gave."""
        self._unread += secrets
        self._checked.clear()

    def redact(self, text: str) -> str:
        """A foreign text that may be shown: one line, cut to ``SHOWN`` characters; or ``WITHHELD``.

        Args:
            text: the text, of any length.
        """
        return self._redacted(text, _without_keys)

    def redact_provider(self, text: str) -> str:
        """As ``redact``, for the words of a provider, which quote keys that this run need not know."""
        return self._redacted(text, _without_runs)

    def value(self, text: str) -> str:
        """A value of a list, to compare, show and keep: as it is, or ``WITHHELD_VALUE`` where it repeats a credential.

        Args:
            text: the value, of any length.
        """
        if text not in self._checked:
            self._checked[text] = WITHHELD_VALUE if self._gives_away(text) else text
        return self._checked[text]

    def _gives_away(self, text: str) -> bool:
        if not self._public.isdisjoint(_spellings(text)):
            return False
        if _UUID.fullmatch(text):  # its digits can spell a short credential by chance
            return self._is_known_in((text,), shortest=_WINDOW)
        parts = (text[at : at + _SEARCHED] for at in range(0, len(text), _SEARCHED - _OVERLAP))
        return any(self._is_repeated_in(tuple(_readings(part)), words_decoded=False) for part in parts)

    def _redacted(self, text: str, mask: Callable[[str], str]) -> str:
        cut = text[:_SEARCHED]
        readings = tuple(_readings(cut))
        if self._is_repeated_in(readings):
            return WITHHELD
        masked = mask(cut)
        if any(_PREFIXED_KEY.search(reading) for reading in _readings(masked)):
            return WITHHELD
        return _one_line(masked[:_SHOWN_FROM])

    def _is_known_in(self, readings: tuple[str, ...], *, shortest: int = 1) -> bool:
        while self._unread:
            self._index.add(_folded(self._unread.pop().reveal()))
        return any(self._index.is_in(_folded(reading), shortest=shortest) for reading in readings)

    def _is_repeated_in(self, readings: tuple[str, ...], *, words_decoded: bool = True) -> bool:
        if self._is_known_in(readings):
            return True
        decoded = {text for reading in readings for text in _decoded(reading, words=words_decoded)}
        return any(
            self._index.is_in(_folded(reading), shortest=_MIN_DECODED)
            for text in decoded
            for reading in _readings(text, depth=1)
        )


class _Index:
    """Credentials, found in a text in a time that grows with the text alone."""

    def __init__(self) -> None:
        self._short: dict[int, set[str]] = {}
        self._grams: dict[str, dict[str, None]] = {}

    def add(self, value: str) -> None:
        """Add a credential, folded."""
        if not value:
            return
        if len(value) < _WINDOW:
            self._short.setdefault(len(value), set()).add(value)
        else:
            for gram in _runs(value, _GRAM, step=_GRAM):
                self._grams.setdefault(gram, {})[value] = None

    def is_in(self, text: str, *, shortest: int = 1) -> bool:
        """Whether a text, folded, holds a credential or a window of one.

        Args:
            text: the text.
            shortest: how long a credential has to be to count.
        """
        for width, values in self._short.items():
            if width >= shortest and not values.isdisjoint(_runs(text, width)):
                return True
        suspects = {value: None for gram in _runs(text, _GRAM) for value in self._grams.get(gram, ())}
        if not suspects:
            return False
        windows = set(_runs(text, _WINDOW))
        return any(not windows.isdisjoint(_runs(value, _WINDOW)) for value in suspects)


def _spellings(text: str) -> set[str]:
    """What a value and each other spelling of it have in common, as a name or as a URL."""
    return {text, loose_name(text), canonical_url(text)}


def _runs(text: str, width: int, *, step: int = 1) -> Iterator[str]:
    return (text[at : at + width] for at in range(0, len(text) - width + 1, step))


def _folded(text: str) -> str:
    """A text without what a server may change about it: case, blanks, and characters that nobody sees."""
    folded = text.casefold()
    if folded.isascii() and folded.isprintable():
        return folded.replace(" ", "")  # as nearly all are
    return "".join(character for character in folded if character.isprintable() and not character.isspace())


def _readings(text: str, depth: int = _DEPTH) -> Iterator[str]:
    """A text, and all that it may stand for by the escapes of JSON, URLs and HTML, nested ones included."""
    seen = {text: None}
    latest = [text]
    yield text
    for _ in range(depth):
        new: dict[str, None] = {}
        for reading in latest:
            new.update(dict.fromkeys(decode(reading) for decode in (_unescaped, unquote, unquote_plus, html.unescape)))
        latest = [reading for reading in new if reading not in seen]
        seen.update(dict.fromkeys(latest))
        yield from latest
        if len(seen) > _MOST_READINGS:
            return


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1] or match[2], 16)) if not match[3] else match[3], text)
    # Escapes of one character beyond the first plane come in two halves.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decoded(text: str, *, words: bool = True) -> Iterator[str]:
    """What the runs of base64 (both alphabets, at each alignment) and of hexadecimal digits in a text stand for.

    Args:
        text: the text.
        words: whether runs that read as words are decoded, too: a list is long, and all of it would take seconds.
    """
    joined = "".join(text.split()) if words else text
    for run in (run for run in _BASE64.findall(joined) if words or not is_wordlike(run)):
        for offset in range(4):
            yield from _as_text(_base64(run[offset:].translate(_URL_SAFE)))
    for run in _HEX.findall(joined):
        for offset in range(2):
            digits = run[offset:]
            yield from _as_text(binascii.unhexlify(digits[: len(digits) // 2 * 2]))


def _base64(run: str) -> bytes:
    whole = run if len(run) % 4 != 1 else run[:-1]
    return binascii.a2b_base64(whole + "=" * (-len(whole) % 4))


def _as_text(data: bytes) -> Iterator[str]:
    """Bytes, read in all usual ways."""
    yield data.decode("utf-8", "ignore")
    yield data.decode("latin-1")
    if b"\0" in data:
        yield data.decode("utf-16-le", "ignore")
        yield data[1:].decode("utf-16-le", "ignore")


def _without_keys(text: str) -> str:
    return _PREFIXED_KEY.sub("[withheld]", text)


def _without_runs(text: str) -> str:
    """A text without long runs that do not read as words: a provider's key may look like anything."""
    return _RUN.sub(lambda match: match[0] if _is_harmless(match[0]) else "[withheld]", _without_keys(text))


def _is_harmless(run: str) -> bool:
    stripped = run.strip(".-_=")
    return bool(_UUID.fullmatch(stripped)) or is_wordlike(stripped)


def _one_line(text: str) -> str:
    plain = "".join(character if character.isprintable() else " " for character in text)
    words = " ".join(plain.split())
    return words if len(words) <= SHOWN else words[:SHOWN] + "…"
