"""Decode everything that a text may encode: escapes of JSON, URLs and HTML, base64 and hexadecimal digits."""

from __future__ import annotations

import binascii
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, unquote_plus

from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from collections.abc import Iterator


_DEPTH = 3
_MOST_READINGS = 64
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_HEX = re.compile(r"[0-9A-Fa-f]{8,}")
_URL_SAFE = str.maketrans("-_", "+/")


def readings_of(text: str, depth: int = _DEPTH) -> Iterator[str]:
    """Yield a text, and all its readings with the escapes of JSON, URLs and HTML, even nested.

    Args:
        text: the text.
        depth: how many levels of nested escapes to decode.
    """
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
    # JSON escapes a character beyond the first plane as two halves.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def decoded_runs(text: str, *, words: bool = True) -> Iterator[str]:
    """Yield the decoded runs of base64 (both alphabets, every alignment) and of hexadecimal digits in a text.

    Args:
        text: the text.
        words: whether to also decode runs that read like words, which takes seconds for a long list.
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
    """Yield the texts that bytes mean in the usual encodings."""
    yield data.decode("utf-8", "ignore")
    yield data.decode("latin-1")
    if b"\0" in data:
        yield data.decode("utf-16-le", "ignore")
        yield data[1:].decode("utf-16-le", "ignore")
