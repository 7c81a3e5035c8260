"""Wrap coloured text to a terminal's width: between words, or within a word that is too long."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from fbsync.render.columns import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Style = Callable[[str], str]

_NARROWEST = 12
_WIDEST = 2
"""How many columns a character takes at most."""


def unpainted(text: str) -> str:
    """Return a text unchanged: the style of plain text."""
    return text


class Span(NamedTuple):
    """A run of text in one style."""

    text: str
    style: Style = unpainted


def wrapped(spans: Iterable[Span], *, width: int | None, indent: int) -> list[str]:
    """Break a line into several if it does not fit.

    Args:
        spans: the line. The first line is not indented further. Spaces around a break are dropped.
        width: the width in columns, or None for no limit.
        indent: how many spaces further lines start with. There are fewer if they would leave too little room.

    Returns:
        At least one line.
    """
    if width is None:
        spans = tuple(spans)
        if all(span.style is unpainted for span in spans):
            return ["".join([span.text for span in spans])]
        return [_painted((span.text, span.style) for span in spans if span.text)]
    words = [(word, span.style) for span in spans for word in _words(span.text)]
    indent = max(0, min(indent, width - _NARROWEST))
    lines: list[list[tuple[str, Style]]] = [[]]
    room = width
    for piece, style in _broken_to_fit(words, width - indent):
        if columns(piece.rstrip(" ")) > room:
            if any(word.strip(" ") for word, _ in lines[-1]):
                lines.append([])
            else:
                lines[-1] = [(" " * indent, unpainted)] if len(lines) == 1 else []
            room = width - indent
        lines[-1].append((piece, style))
        room -= columns(piece)
    first, *rest = (_painted(_without_end(line)) for line in lines)
    return [first, *(" " * indent + line for line in rest)]


def _words(text: str) -> Iterator[str]:
    """Yield the words, each with the spaces after it. Spaces at the start are a word of their own."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or (text[at - 1] == " " and text[at] != " "):
            yield text[start:at]
            start = at


def _broken_to_fit(words: Iterable[tuple[str, Style]], room: int) -> Iterator[tuple[str, Style]]:
    """Yield the words. A word that is wider than a line is broken into pieces."""
    for word, style in words:
        if len(word) * _WIDEST <= room:
            yield word, style
            continue
        piece, used = "", 0
        for character in word:
            taken = columns(character)
            if piece and character != " " and used + taken > room:
                yield piece, style
                piece, used = "", 0
            piece += character
            used += taken
        yield piece, style


def _without_end(line: list[tuple[str, Style]]) -> list[tuple[str, Style]]:
    """Return a line without spaces at its end."""
    *rest, (word, style) = line or [("", unpainted)]
    return [*rest, (word.rstrip(" "), style)] if word.strip(" ") or not rest else _without_end(rest)


def _painted(words: Iterable[tuple[str, Style]]) -> str:
    return "".join(style("".join(word for word, _ in same)) for style, same in groupby(words, key=lambda item: item[1]))
