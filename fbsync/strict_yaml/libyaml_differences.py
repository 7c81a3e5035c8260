"""Texts that libyaml accepts but YAML 1.2 reads differently, recognised around an event."""

from __future__ import annotations

import re

_NO_END_OF_NAME = frozenset(":?%@`")
"""Where libyaml ends the name of an anchor or alias, and YAML 1.2 does not."""

_KEY_INDENT = re.compile(r" *+(?:- *+)*+")
"""What usually precedes a key on its line."""


def is_cut_name(text: str, *, at: int, name: str) -> bool:
    """Tell whether the anchor or alias at an offset has a longer name than the one that was read."""
    end = at + 1 + len(name)
    return text[at] in "&*" and text[end : end + 1] in _NO_END_OF_NAME


def is_cut_word(text: str, *, at: int) -> bool:
    """Tell whether the key at an offset lost its first character, a question mark taken for an indicator."""
    return at > 0 and text[at - 1] == "?"


def is_runaway_quote(text: str, *, start: int, end: int, key_at: int | None) -> bool:
    """Tell whether quoted text goes on in lines that are not indented deeper than its key.

    One forgotten quote would swallow the keys below it, up to the next quote.

    Args:
        text: the text.
        start: where the opening quote is.
        end: after the closing quote.
        key_at: where the innermost key in block style starts. Where it does not stand at its line's
            beginning, or the innermost block is a list (None), nothing is swallowed that matters.
    """
    if key_at is None:
        return False
    indent = _KEY_INDENT.match(text, text.rfind("\n", 0, key_at) + 1)
    if indent is None or indent.end() != key_at:
        return False
    shallow = re.compile(rf"\n {{0,{indent.end() - indent.start()}}}[^ \r\n]")
    return shallow.search(text, start, end) is not None
