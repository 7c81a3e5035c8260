"""Fields of answers, read as documented, or as nothing."""

from __future__ import annotations

from datetime import UTC, datetime

_LONGEST_ID = 256


def text(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value else None


def identifier(value: object) -> str | None:
    """An id: an opaque text, or a number (``design.md``, 'Applying').

    ``.`` and ``..`` are none, as they name another path; nor is what cannot be printed, or put into a URL.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or value in ("", ".", "..") or len(value) > _LONGEST_ID:
        return None
    return value if value.isprintable() and value == value.strip() else None


def moment_of(value: object) -> datetime | None:
    """A time in ISO 8601; one without an offset is taken to be in UTC."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if at is None else at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def count_of(value: object) -> int | None:
    """A count: a number, or one written as a text, as the API's counters are."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:  # noqa: PLR2004
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
