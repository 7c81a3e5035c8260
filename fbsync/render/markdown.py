"""Make foreign text inert in GitHub-flavoured Markdown: nothing in it formats, links, mentions or ends anything."""

from __future__ import annotations

import re
from urllib.parse import quote

_TICKS = re.compile(r"`+")
_TOKEN = re.compile(r"(?P<blank>\s+)|(?<!\S)`(?P<quoted>[^`]+)`(?=[,.:;)]*(?:\s|$))|(?P<word>\S+)")
_WORD = re.compile(r"(?P<open>\(?)(?P<inside>.*?)(?P<close>\)?[,.:;?!]?)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|[0-9]{1,6}|", re.ASCII)
_COMMIT = re.compile(r"[0-9a-fA-F]{7,}")


def code(text: str) -> str:
    """Return a text of one line as a code span (GFM 6.3), whatever its content.

    In a code span, mentions, references to issues and commits, emoji names and HTML have no effect.
    """
    if not text.strip():
        text = f"'{text}'"
    ticks = "`" * (1 + max((len(run) for run in _TICKS.findall(text)), default=0))
    pad = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def prose(text: str) -> str:
    """Return a sentence in which everything except plain words and numbers is in code spans.

    The rest cannot be markup: ASCII letters and digits, spaces, round brackets, and punctuation at the end of a word.
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
    """Return an invisible HTML comment, by which a program finds its own comment again.

    Args:
        word: the kind of comment.
        about: what distinguishes it from others of its kind, or None for the default one. It is quoted, so it cannot
            end the HTML comment.
    """
    return f"<!-- {word}:{'default' if about is None else quote(about, safe='')} -->"
