"""Foreign text in GitHub-flavoured Markdown, inert: nothing in it formats, links, mentions or ends anything."""

from __future__ import annotations

import re
from urllib.parse import quote

_TICKS = re.compile(r"`+")
_TOKEN = re.compile(r"(?P<blank>\s+)|(?<!\S)`(?P<quoted>[^`]+)`(?=[,.:;)]*(?:\s|$))|(?P<word>\S+)")
_WORD = re.compile(r"(?P<open>\(?)(?P<inside>.*?)(?P<close>\)?[,.:;?!]?)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|[0-9]{1,6}|", re.ASCII)
_COMMIT = re.compile(r"[0-9a-fA-F]{7,}")


def code(text: str) -> str:
    """A text of one line as a code span (GFM 6.3), whatever it holds.

    A span is where mentions, references to issues and commits, emoji names and HTML mean nothing.
    """
    if not text.strip():
        text = f"'{text}'"
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def prose(text: str) -> str:
    """A sentence with everything except plain words and numbers in code spans.

    What remains cannot be markup: letters and digits of ASCII, blanks, round brackets, and marks at a word's end.
    """
    return "".join(_inert(token) for token in _TOKEN.finditer(text.strip()))


def _inert(token: re.Match[str]) -> str:
    if token["blank"]:
        return " "
    if token["quoted"]:
        return code(token["quoted"])
    parts = _WORD.fullmatch(token["word"])
    assert parts is not None
    inside = parts["inside"]
    begins_a_list = token.start() == 0 and not inside.isalpha()
    if _PLAIN.fullmatch(inside) and not _COMMIT.fullmatch(inside) and not begins_a_list:
        return token["word"]
    return parts["open"] + code(inside) + parts["close"]


def marker(word: str, about: str | None) -> str:
    """An invisible comment by which a program finds its own comment.

    Args:
        word: what sort of comment it is.
        about: what distinguishes it from others of its sort, or None for the default one; whatever it holds, it does
            not end the comment.
    """
    return f"<!-- {word}:{'default' if about is None else quote(about, safe='')} -->"
