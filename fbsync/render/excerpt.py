"""A source line to show beside a finding, with nothing in it that might be a credential.

What is shown is what cannot be one: structure, known keys, references, and the values of fields that are
no credentials. Everything else is masked: a credential may stand in the wrong field, under a mistyped key,
in a comment or in the middle of a block of text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model import VARIABLE_NAME as NAME

if TYPE_CHECKING:
    from fbsync.findings import Position

_MASK = "•••"
_LIMIT = 160
_PLAIN_FIELDS = frozenset(("name", "previousName", "aiType", "workspaceId", "protect", "version"))
_STRUCTURE_FIELDS = frozenset(("llms", "environments", "secret", "key", "endpoint"))
_REFERENCE = re.compile(rf"\$(?:{NAME}|\{{{NAME}\}}|<{NAME}>)")
_WORD = re.compile(r"[A-Za-z_-]{1,24}")
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<comment>(?:(?<=\s)|^)#.*)"
    r"|(?P<quoted>\"(?:[^\"\\]|\\.)*\"?|'(?:[^']|'')*'?)"
    r"|(?P<punctuation>[\[\]{},]|:(?=\s|$)|-(?=\s|$)|\?(?=\s|$))"
    r"|(?P<word>(?:[^\s:,\[\]{}]|:(?!\s|$)|[,\[\]{}](?<=\S)(?=\S)(?!\s))+|.)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """A line as it may be shown.

    Attributes:
        line: the text, masked.
        offset: terminal columns before the place that is meant.
        width: terminal columns that the place takes, at least one.
    """

    line: str
    offset: int
    width: int


def excerpt(source: str, position: Position) -> Excerpt | None:
    """The line of a position, masked, and where to put the caret; None where there is no such line."""
    lines = source.splitlines()
    if not (0 < position.line <= len(lines) and position.column):
        return None
    pieces = _masked(lines[position.line - 1])
    offset, width, shown = 0, 1, ""
    for start, end, text in pieces:
        if start <= position.column - 1 < end:
            inside = position.column - 1 - start if len(text) == end - start else 0
            offset = columns(shown) + columns(text[:inside])
            width = max(1, columns(text[inside:].rstrip()))
        shown += text
        if len(shown) > _LIMIT:
            shown = shown[:_LIMIT] + "…"
            break
    return Excerpt(line=shown, offset=min(offset, _LIMIT), width=min(width, _LIMIT))


def columns(text: str) -> int:
    """How many terminal columns a text takes (UAX #11: wide and full-width characters take two)."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _masked(line: str) -> list[tuple[int, int, str]]:
    """The line in pieces: where each starts and ends in the source, and the text to show for it."""
    tokens = [(match.start(), match.end(), match.lastgroup or "", match.group()) for match in _TOKEN.finditer(line)]
    pieces, field = [], ""
    for at, (start, end, kind, text) in enumerate(tokens):
        is_key = kind in ("word", "quoted") and _followed_by_colon(tokens, at)
        if is_key:
            field = text.strip("\"'")
        elif text in (",", "{", "}", "[", "]"):
            field = "" if text in (",", "{", "}") else field
        pieces.append((start, end, _shown(kind, text, field, is_key=is_key)))
    return pieces


def _followed_by_colon(tokens: list[tuple[int, int, str, str]], at: int) -> bool:
    rest = (text for _, _, kind, text in tokens[at + 1 :] if kind != "space")
    return next(rest, "") == ":"


def _shown(kind: str, text: str, field: str, *, is_key: bool) -> str:
    if kind == "space":
        return " " * columns(text.replace("\t", "    ")) if "\t" in text else text
    if kind == "punctuation":
        return text
    if kind == "comment":
        return f"# {_MASK}" if len(text) > 1 else text
    bare = text.strip("\"'")
    if is_key:
        return text if field in _PLAIN_FIELDS | _STRUCTURE_FIELDS or _WORD.fullmatch(bare) else _MASK
    plain = field in _PLAIN_FIELDS or bare in ("true", "false", "null", "~") or _REFERENCE.fullmatch(bare)
    if plain and all(character.isprintable() for character in text):
        return text
    return _MASK
