"""Today's date by the machine's clock, separate from the clock of runs, which a plan does not load."""

from __future__ import annotations

import time


def today() -> str:
    """Return today's date (ISO 8601, UTC)."""
    return time.strftime("%Y-%m-%d", time.gmtime())
