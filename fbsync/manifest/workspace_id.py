"""The rules for workspace ids, the same for literals and for values of references."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[\w.:@+~=,-]+", re.ASCII)
_NEVER = frozenset("/\\?#%&\"'<>{}")


def is_plain_id(text: str) -> bool:
    """Whether a text is one of those at a glance that are ids; others may be some, too."""
    return _PLAIN.fullmatch(text) is not None and text not in (".", "..")


def fault_of_workspace_id(text: str) -> str | None:
    """Say why a text is no workspace id, in words that repeat nothing of it.

    How ids are built is not documented (``flashback-api.md``, 'Common'), so only what can hardly be one is refused:
    blanks and characters that nobody sees, what has a meaning in a URL, and the names of folders.

    Args:
        text: the id, or a part of one.

    Returns:
        What is wrong, as the end of a sentence ("it …"), or None.
    """
    if text in (".", ".."):
        return "consists only of dots"
    if is_plain_id(text):
        return None
    if not text:
        return "is empty"
    if (unseen := unseen_character(text)) is not None:
        return f"contains {unseen}"
    return (
        "contains a slash, a quote or another character with a meaning in URLs" if _NEVER.intersection(text) else None
    )


def unseen_character(text: str) -> str | None:
    """The first invisible character of a text, in words, or None."""
    if text.isprintable() and " " not in text:
        return None
    character = next(c for c in text if c == " " or not c.isprintable())
    if "\ud800" <= character <= "\udfff":
        return "bytes that are not UTF-8"
    if character in "\r\n\u0085\u2028\u2029":
        return "a line break"
    if character == "\t":
        return "a tab"
    return "a space" if character.isspace() else f"the invisible character U+{ord(character):04X}"
