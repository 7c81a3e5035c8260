"""Read fields of answers: a value of the documented form, or None."""

from __future__ import annotations

from datetime import UTC, datetime

_LONGEST_ID = 256


def text(value: object) -> str | None:
    """Return a text that is not empty, or None for any other value."""
    return value if isinstance(value, str) and value else None


def identifier(value: object) -> str | None:
    """Return an id, which is an opaque text or a number, or None for any other value (``design.md``, 'Applying').

    ``.`` and ``..`` are not ids, since they name another path. Neither are texts that are too long, that cannot be
    printed, or that begin or end with whitespace.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or value in ("", ".", "..") or len(value) > _LONGEST_ID:
        return None
    return value if value.isprintable() and value == value.strip() else None


def moment_of(value: object) -> datetime | None:
    """Return a time in ISO 8601, or None for any other value. A time without an offset counts as UTC."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        return None if at is None else at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def count_of(value: object) -> int | None:
    """Return a count, or None for any other value. The API writes its counters as texts."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:  # noqa: PLR2004
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
