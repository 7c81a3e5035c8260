"""The rules for workspace ids, which are the same for literals and for values of references."""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[\w.:@+~=,-]+", re.ASCII)
_NEVER = frozenset("/\\?#%&\"'<>{}")


def is_plain_id(text: str) -> bool:
    """Whether a quick look shows that a text is an id. Other texts may be ids, too."""
    return _PLAIN.fullmatch(text) is not None and text not in (".", "..")


def fault_of_workspace_id(text: str) -> str | None:
    """Say why a text is not a workspace id, without repeating any part of it.

    The API does not document the form of ids (``flashback-api.md``, 'Common'). fbsync therefore refuses only texts that
    can hardly be ids: with whitespace, invisible characters or characters that have a meaning in URLs, and ``.`` and
    ``..``.

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
    """Name the first invisible character of a text, or return None."""
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
