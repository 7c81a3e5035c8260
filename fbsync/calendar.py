"""Today's date by the machine's clock. A plan needs only the date, and does not load the clock of runs."""

from __future__ import annotations

import time


def today() -> str:
    """Return today's date (ISO 8601, UTC)."""
    return time.strftime("%Y-%m-%d", time.gmtime())
