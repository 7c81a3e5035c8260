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
"""The most columns that a character takes."""


def unpainted(text: str) -> str:
    """The style of text that has none."""
    return text


class Span(NamedTuple):
    """A run of text in one style."""

    text: str
    style: Style = unpainted


def wrapped(spans: Iterable[Span], *, width: int | None, indent: int) -> list[str]:
    """Break a line in several where it does not fit.

    Args:
        spans: the line. Its first line begins where it does; blanks around a break are dropped.
        width: how many columns there are, or None for no limit.
        indent: how many blanks further lines begin with; fewer where little room would be left.

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
    """The words, each with the spaces after it; spaces at the beginning are a separate word."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or (text[at - 1] == " " and text[at] != " "):
            yield text[start:at]
            start = at


def _broken_to_fit(words: Iterable[tuple[str, Style]], room: int) -> Iterator[tuple[str, Style]]:
    """The words, those that are wider than a line in pieces that are not."""
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
    """A line without spaces at its end."""
    *rest, (word, style) = line or [("", unpainted)]
    return [*rest, (word.rstrip(" "), style)] if word.strip(" ") or not rest else _without_end(rest)


def _painted(words: Iterable[tuple[str, Style]]) -> str:
    return "".join(style("".join(word for word, _ in same)) for style, same in groupby(words, key=lambda item: item[1]))
