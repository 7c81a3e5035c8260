"""Text in a report. Foreign text is escaped and isolated, and quoted text becomes code."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.render.entries import Entry

NO_ENVIRONMENT = "(none)"
"""The name of the column for runs without an environment."""

_QUOTED = re.compile("`([^`]+)`")
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*(?![\w-])")
"""An option outside of quotes. A line must not break after its dashes."""


def html_of(text: str) -> str:
    """Return a text as HTML: escaped, isolated in its direction, and with options and quoted parts as code."""
    parts = _QUOTED.split(escape(text))
    parts[::2] = [_OPTION.sub(r'<code class="option">\g<0></code>', part) for part in parts[::2]]
    parts[1::2] = [f"<code>{part}</code>" for part in parts[1::2]]
    return f"<bdi>{''.join(parts)}</bdi>"


def sentence(text: str) -> str:
    """Make a phrase a sentence: a capital letter at the start, and a full stop at the end."""
    return f"{text[:1].upper()}{text[1:]}."


def foreign(text: str) -> str:
    """Return a foreign text as HTML: escaped, and with its direction isolated (HTML, 4.5.24 'The bdi element')."""
    return f"<bdi>{escape(text)}</bdi>"


def entry_place(entry: Entry) -> tuple[str, ...]:
    """Return the place of an entry: its environment, if several are shown, and its workspace."""
    return (entry.workspace,) if entry.environment is None else (entry.environment, entry.workspace)


def place_words(place: Sequence[str]) -> str:
    """Describe the place of an entry."""
    environment = f"environment {foreign(place[0])}, " if len(place) > 1 and place[0] else ""
    return f"{environment}workspace {foreign(place[-1])}"
