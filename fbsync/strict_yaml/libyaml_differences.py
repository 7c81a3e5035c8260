"""Recognise text around an event that libyaml accepts but YAML 1.2 reads differently."""

from __future__ import annotations

import re

_NO_END_OF_NAME = frozenset(":?%@`")
"""Characters that end the name of an anchor or alias for libyaml, but not in YAML 1.2."""

_KEY_INDENT = re.compile(r" *+(?:- *+)*+")
"""What usually precedes a key on its line."""


def is_cut_name(text: str, *, at: int, name: str) -> bool:
    """Whether the name of the anchor or alias at an offset is longer than libyaml read it."""
    end = at + 1 + len(name)
    return text[at] in "&*" and text[end : end + 1] in _NO_END_OF_NAME


def is_cut_word(text: str, *, at: int) -> bool:
    """Whether the key at an offset lost its first character: libyaml took a question mark for an indicator."""
    return at > 0 and text[at - 1] == "?"


def is_runaway_quote(text: str, *, start: int, end: int, key_at: int | None) -> bool:
    """Whether quoted text continues on lines that are not indented deeper than its key.

    Without this check, one forgotten quote would swallow the keys below it, up to the next quote.

    Args:
        text: the text.
        start: where the opening quote is.
        end: the offset after the closing quote.
        key_at: where the innermost key in block style starts, or None if the innermost block is a list.
            With None, or if the key is not at the start of its line, the answer is False.
    """
    if key_at is None:
        return False
    indent = _KEY_INDENT.match(text, text.rfind("\n", 0, key_at) + 1)
    if indent is None or indent.end() != key_at:
        return False
    shallow = re.compile(rf"\n {{0,{indent.end() - indent.start()}}}[^ \r\n]")
    return shallow.search(text, start, end) is not None
