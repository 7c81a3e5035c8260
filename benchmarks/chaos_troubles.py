"""Troubles of one run, drawn from a seed: faults of the server, and when it is killed."""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """The fault of one request."""

    REFUSED = "refused"
    STATUS_500 = "not-processed-500"
    STATUS_502 = "not-processed-502"
    THROTTLED_SECONDS = "throttled-seconds"
    THROTTLED_LONG = "throttled-long"
    THROTTLED_DATE = "throttled-date"
    THROTTLED_NONE = "throttled-none"
    LATE = "processed-after-timeout"
    EXPIRED = "token-expired"
    DROPPED = "processed-then-dropped"
    ANSWERED_500 = "processed-then-500"
    ANSWERED_502 = "processed-then-502"
    ANSWERED_503 = "processed-then-503"
    ANSWERED_504 = "processed-then-504"
    ANSWERED_HTML = "processed-then-html"
    TORN = "processed-then-torn"
    CUT = "processed-then-cut"
    SLOW = "processed-then-timeout"
    LAGGING = "listed-late"
    PAGE_404 = "proxy-page-404"
    PAGE_403 = "proxy-page-403"
    HELD = "processed-in-a-later-run"
    EMPTY_LIST = "empty-list"
    SHORT_LIST = "short-list"
    OUTRUN = "created-by-another-first"
    OUTRUN_502 = "created-by-another-first-then-502"


_OF_LISTS = (Fault.EMPTY_LIST, Fault.SHORT_LIST)
_OF_WRITES = (Fault.HELD, Fault.LAGGING, Fault.OUTRUN, Fault.OUTRUN_502)
_FAULTS = {
    True: tuple(fault for fault in Fault if fault not in _OF_WRITES),
    False: tuple(fault for fault in Fault if fault not in _OF_LISTS),
}
"""The possible faults of reads and writes."""


class Disk(StrEnum):
    """How the disk fails."""

    FULL = "ENOSPC"
    BROKEN = "EIO"


_DISK_FAILS = 0.5
"""The share of otherwise undisturbed runs with a failing disk."""


class Moment(StrEnum):
    """At which moment of a request the run is killed."""

    BEFORE = "before-processing"
    PROCESSED = "before-answer"
    ANSWERED = "after-answer"


class Death(StrEnum):
    """How the moment of the kill is chosen."""

    REQUEST = "request"
    JOURNAL = "journal"
    FILE = "file"
    TIME = "time"


@dataclass(frozen=True, kw_only=True)
class Troubles:
    """The troubles of one run; none by default.

    Attributes:
        seed: the source of the faults, together with the request and how often it has arrived.
        chance: the chance of a fault, for each request.
        death: how the moment of the kill is chosen, or None for a run that is not killed.
        at: the request, the journal's line, the change to files, or the millisecond.
        moment: the moment of that request.
        goes_through: whether the server processes a request although its sender was killed before.
        signal: the signal that ends the run.
        keeps_late: whether what an earlier run created may still be listed late.
        barred: faults that no request gets.
        disk: how the disk fails from the ``at``-th call on, for ``disk_calls`` calls, or None.
    """

    seed: str = ""
    chance: float = 0.0
    death: Death | None = None
    at: int = 0
    moment: Moment = Moment.BEFORE
    goes_through: bool = False
    signal: signal.Signals = signal.SIGKILL
    late_seconds: float = 0.7
    keeps_late: bool = False
    barred: frozenset[Fault] = frozenset()
    disk: Disk | None = None
    disk_calls: int = 1

    def fault(self, method: str, key: str, nth: int) -> Fault | None:
        """The fault of a request, if any."""
        drawn = random.Random(f"{self.seed}:{key}:{nth}")
        chance = self.chance / 3 if method == "GET" else self.chance
        if drawn.random() >= chance:
            return None
        fault = drawn.choice(_FAULTS[method == "GET"])
        return None if fault in self.barred else fault

    def kills(self, number: int, moment: Moment) -> bool:
        """Whether the run is killed at this moment of this request."""
        return self.death is Death.REQUEST and (self.at, self.moment) == (number, moment)

    def __str__(self) -> str:
        """For the log of a failed schedule."""
        end = f"{self.signal.name} at {self.death} {self.at} ({self.moment})" if self.death else "no kill"
        disk = f", {self.disk} from call {self.at} on for {self.disk_calls}" if self.disk else ""
        return f"faults {self.chance:.2f}, {end}{disk}"


def draw(chance: random.Random, seed: str) -> Troubles:
    """Draw the troubles of one run."""
    death = chance.choice((None, *Death, Death.REQUEST, Death.REQUEST))
    disk = chance.choice(tuple(Disk)) if death is None and chance.random() < _DISK_FAILS else None
    most = {Death.REQUEST: 12, Death.JOURNAL: 16, Death.FILE: 10, Death.TIME: 400, None: 60}[death]
    return Troubles(
        seed=seed,
        chance=chance.choice((0.0, 0.2, 0.4, 0.7)),
        death=death,
        at=chance.randint(1, most),
        moment=chance.choice(tuple(Moment)),
        goes_through=chance.random() < 0.5,
        signal=chance.choice((signal.SIGKILL,) * 6 + (signal.SIGTERM, signal.SIGINT)),
        keeps_late=True,
        disk=disk,
        disk_calls=chance.choice((1, 3, 1000)),
    )
