"""The day, by the machine's clock; apart from the clock of runs, which a plan need not load."""

from __future__ import annotations

import time


def today() -> str:
    """The day (ISO 8601, UTC)."""
    return time.strftime("%Y-%m-%d", time.gmtime())
