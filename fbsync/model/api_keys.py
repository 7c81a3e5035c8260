"""The ways to name a stored provider key: its uuid, one reference to that, or its description."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fbsync.model.configurations import Llm

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


def is_uuid(text: str) -> bool:
    """Whether a text is the id of a stored key."""
    return _UUID.fullmatch(text) is not None


def is_description(text: str) -> bool:
    """Whether a text that the schema lets in as ``apiKey`` is a description: one holds no reference."""
    return "$" not in text and not is_uuid(text)


def description_of(llm: Llm) -> str | None:
    """The description by which an entry names its stored key; None where it names none, or by its uuid."""
    written = None if llm.api_key is None else llm.api_key.template
    return written if written and is_description(written) else None
