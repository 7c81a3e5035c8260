"""Parse dates and waiting times in HTTP headers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds_to_wait(value: str | None, *, now: datetime) -> float | None:
    """Parse ``Retry-After`` (RFC 9110, 10.2.3), which has seconds or a date. Return None for anything else."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]+", value.strip()):
        return float(value.strip()[:9])
    at = moment(value)
    return None if at is None else max(0.0, (at - now).total_seconds())


def moment(value: str | None) -> datetime | None:
    """Parse an HTTP date (RFC 9110, 5.6.7). Return None for anything else."""
    try:
        at = parsedate_to_datetime((value or "")[:64])
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
