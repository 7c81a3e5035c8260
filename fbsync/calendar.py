"""Today's date, by the machine's clock. A plan needs it without loading the clock of runs."""

from __future__ import annotations

import time


def today() -> str:
    """The day (ISO 8601, UTC)."""
    return time.strftime("%Y-%m-%d", time.gmtime())
