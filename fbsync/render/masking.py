"""Mask everything in a source line that might be a credential.

Only what cannot be a credential is shown: structure, references, words. Everything else is masked. A credential may be
in the wrong field, under a mistyped key, in a comment or in the middle of a block of text, and the line may come from a
file that is not even valid YAML.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from fbsync.model.configurations import REFERENCE
from fbsync.redact import is_wordlike

MASK = "•••"

_PLAIN_FIELDS = frozenset(
    (
        *("name", "previousName", "aiType", "workspaceId", "workspace", "protect", "verifyFirst", "version"),
        "maxCredentialAge",
    )
)
_REFERENCE = re.compile(REFERENCE)
_HARMLESS = re.compile(r"|true|false|null|~|[|>][+-]?[1-9]?[+-]?|<<|={7}|---|\.\.\.")
_CONFLICT = re.compile(r"(?P<marker><{7}|>{7}|\|{7})(?P<branch> .*)?")
_ENDPOINT = re.compile(r"(?P<start>(?:[A-Za-z]{2,8}(?::/{0,3}|//))?(?P<host>[^/?#@\\]+))(?P<path>[^?#@]*)(?P<rest>.*)")
_ADDRESS = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}|\[::1\]")
_PORT = re.compile(r":\d{1,5}$")
_PATH = re.compile(r"/?|/v\d{1,2}[a-z]{0,5}\d?/?")
_CHARACTER = r"(?:\$\{[^\s{}]*\}|[^\s:,\[\]{}]|:(?!\s|$))"
_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<comment>(?:(?<=\s)|^)#.*)"
    r"|(?P<quoted>\"(?:[^\"\\]|\\.)*\"?|'(?:[^']|'')*'?)"
    r"|(?P<punctuation>[\[\]{},]|[:?-](?=\s|$))"
    rf"|(?P<plain>{_CHARACTER}(?:{_CHARACTER}|[ \t]+(?!#){_CHARACTER})*)"
    r"|(?P<other>.)"
)
"""YAML's tokens within one line. A line inside quoted text or a block scalar is misread, and therefore masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a source line: its offsets in the line, and the text to show for it."""

    start: int
    end: int
    text: str


def masked_line(line: str) -> tuple[Piece, ...]:
    """Return a line in pieces: shown text, masked text, or spaces for a tab."""
    tokens = [(match.lastgroup or "", match.group(), match.start(), match.end()) for match in _TOKEN.finditer(line)]
    pieces, field = [], ""
    for at, (kind, text, start, end) in enumerate(tokens):
        is_key = kind in ("plain", "quoted") and _followed_by_colon(tokens, at)
        if is_key and field and field not in _PLAIN_FIELDS:
            # A second colon after a value: the text before it starts with that value.
            is_key = False
        if is_key:
            field = text.strip("\"'")
        pieces.append(Piece(start=start, end=end, text=_masked_text(kind, text, field, is_key=is_key)))
        if text in (",", "{", "}"):
            field = ""
    return tuple(pieces)


def _followed_by_colon(tokens: list[tuple[str, str, int, int]], at: int) -> bool:
    return next((text for kind, text, _, _ in tokens[at + 1 :] if kind != "space"), "") == ":"


def _masked_text(kind: str, text: str, field: str, *, is_key: bool) -> str:
    match kind:
        case "space":
            return text.replace("\t", "    ")
        case "punctuation":
            return text
        case "comment":
            return f"# {MASK}"
        case "quoted":
            inner = text[1:-1] if len(text) > 1 and text[-1] == text[0] else text[1:]
            kept = _shown_scalar(inner, field, is_key=is_key)
            return text if kept == inner else text[0] + kept + text[0]
        case _:
            return _shown_scalar(text, field, is_key=is_key)


def _shown_scalar(text: str, field: str, *, is_key: bool) -> str:
    if not all(_takes_part(character) for character in text):
        return MASK
    if _HARMLESS.fullmatch(text) or (not is_key and _REFERENCE.fullmatch(text) and not _hides(text)):
        return text
    if conflict := _CONFLICT.fullmatch(text):
        branch = conflict["branch"] or ""
        return conflict["marker"] + (branch if not branch or is_wordlike(branch) else f" {MASK}")
    if field == "endpoint" and not is_key:
        return _shown_endpoint(text)
    if is_key or field in _PLAIN_FIELDS:
        return text if _reads_as_words(text) else MASK
    return MASK


def _takes_part(character: str) -> bool:
    """Whether a character can be shown unchanged: it is not a control or direction character."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _reads_as_words(text: str) -> bool:
    return is_wordlike(_REFERENCE.sub("x", text)) and not _hides(text)


def _hides(text: str) -> bool:
    """Whether a reference in the text has a name that may be a credential after a stray dollar sign."""
    return not all(is_wordlike(found[found.lastindex or 0]) for found in _REFERENCE.finditer(text))


def _shown_endpoint(text: str) -> str:
    """Return the scheme, the host, and a path that is a version or words, without user, password or parameters."""
    parts = _ENDPOINT.fullmatch(text)
    if parts is None or "@" in text:
        return MASK
    host = _PORT.sub("", _REFERENCE.sub("x", parts["host"]))
    if _hides(parts["start"]) or not (_ADDRESS.fullmatch(host) or is_wordlike(host)):
        return MASK
    path = parts["path"]
    ends = path if _PATH.fullmatch(path) or _reads_as_words(path) else f"/{MASK}"
    return parts["start"] + ends + (parts["rest"][0] + MASK if parts["rest"] else "")
