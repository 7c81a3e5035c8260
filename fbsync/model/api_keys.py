"""The ways to name a stored provider key: its uuid, one reference to the uuid, or its description."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.model.configurations import Llm

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a stored key's id."""
    return _UUID.fullmatch(text) is not None


def is_description(text: str) -> bool:
    """Whether a text that the schema allows as ``apiKey`` is a description, which contains no reference."""
    return "$" not in text and not is_uuid(text)


def description_of(llm: Llm) -> str | None:
    """Return the description that names an entry's stored key, or None if it names no key or uses the uuid."""
    written = None if llm.api_key is None else llm.api_key.template
    return written if written and is_description(written) else None
