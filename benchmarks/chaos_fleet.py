"""A fleet: several concurrent runs, each on a separate machine, which share only the store."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.chaos_gate import Gate
    from benchmarks.chaos_keepers import Keeper
    from benchmarks.chaos_runs import Forks, Run

_POLL_SECONDS = 0.002
_BY_REQUEST = 0.7
_RECORDED = {"created", "updated", "adopted"}


class Blow(StrEnum):
    """What happens to a run from outside."""

    NOTHING = "nothing"
    KILLED = "SIGKILL"
    TERMINATED = "SIGTERM"
    STOPPED = "SIGSTOP"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """When a blow strikes: after a number of requests to Flashback by anybody, or after some milliseconds."""

    requests: int | None = None
    milliseconds: int = 0

    def __str__(self) -> str:
        """For the log of a failed schedule."""
        return f"{self.milliseconds} ms" if self.requests is None else f"request {self.requests}"


@dataclass(frozen=True, kw_only=True)
class Lot:
    """What happens to one run of a fleet."""

    blow: Blow
    moment: Moment
    lock_timeout: float

    def __str__(self) -> str:
        """For the log of a failed schedule."""
        return "lives" if self.blow is Blow.NOTHING else f"{self.blow.value} at {self.moment}"


def draw_lot(chance: random.Random, *, may_stop: bool) -> Lot:
    """Draw what happens to a run."""
    blows = [Blow.NOTHING, Blow.NOTHING, Blow.KILLED, Blow.KILLED, Blow.TERMINATED]
    blow = chance.choice([*blows, Blow.STOPPED, Blow.STOPPED] if may_stop else blows)
    by_request = chance.random() < _BY_REQUEST
    moment = Moment(requests=chance.randint(1, 14) if by_request else None, milliseconds=chance.randint(20, 2000))
    return Lot(blow=blow, moment=moment, lock_timeout=chance.choice((0, 12, 12, 12)))


@dataclass(kw_only=True)
class Runner:
    """One run on its machine.

    Attributes:
        folder: the machine's working folder.
        end: its exit status, negative for a signal, once it has ended.
        is_stopped: whether it is stopped at the moment.
    """

    folder: Path
    run: Run
    forks: Forks
    lot: Lot
    end: Future[int] = field(default_factory=Future)
    is_stopped: bool = False

    def watch(self) -> None:
        """Record the run's end."""
        threading.Thread(target=lambda: self.end.set_result(self.run.wait()), daemon=True).start()

    def acknowledged(self) -> Iterator[str]:
        """The ids that the run reported as recorded."""
        file = self.folder / "events.jsonl"
        for line in file.read_text().splitlines() if file.exists() else ():
            try:
                event = json.loads(line)
            except ValueError:
                continue  # the line was cut off
            entry: dict[str, Any] = event.get("entry", {})
            if entry.get("outcome") in _RECORDED and "error" not in entry and entry["id"] is not None:
                yield entry["id"]


class Fleet:
    """Starts runs on fresh machines.

    Args:
        folder: the folder for the machines' folders.
        log: gets what they print.
        keeper: the keeper of the state.
        forks: the processes that start runs, each one at a time.
        gate: the way to Flashback.
    """

    def __init__(self, folder: Path, *, log: Path, keeper: Keeper, forks: Sequence[Forks], gate: Gate) -> None:
        self._folder = folder
        self._log = log
        self._keeper = keeper
        self._free = list(forks)
        self._gate = gate
        self._numbers = count(1)

    @property
    def size(self) -> int:
        """How many more runs can be started now."""
        return len(self._free)

    def start(self, argv: Sequence[str], manifest: str, environment: Mapping[str, str], lot: Lot) -> Runner:
        """Start ``fbsync apply`` on a fresh machine."""
        number = next(self._numbers)
        folder = self._folder / f"machine-{number}"
        self._keeper.check_out(folder)
        (folder / "fbsync.yaml").write_text(manifest)
        log = self._log.with_suffix(f".{number}.log")
        log.write_text(f"\n--- machine {number}: apply {' '.join(argv)} ({lot})\n")
        command = ["apply", "--yes", "-v", "--events", "events.jsonl", *argv]
        forks = self._free.pop()
        inner = {"HOME": str(folder), **environment, **self._keeper.environment}
        run = forks.start(command, folder=folder, environment=inner, log=log)
        runner = Runner(folder=folder, run=run, forks=forks, lot=lot)
        runner.watch()
        return runner

    def strike(self, runner: Runner) -> None:
        """Wait for the run's moment or its end, then strike."""
        lot, started = runner.lot, time.monotonic()
        if lot.blow is Blow.NOTHING:
            return
        while not runner.end.done() and not self._is_time(lot.moment, started):
            time.sleep(_POLL_SECONDS)
        met = runner.run.send(signal.Signals[lot.blow.value])
        runner.is_stopped = met and lot.blow is Blow.STOPPED

    def _is_time(self, moment: Moment, started: float) -> bool:
        if moment.requests is None:
            return time.monotonic() - started >= moment.milliseconds / 1000
        return self._gate.requests >= moment.requests

    def wake(self, runner: Runner) -> None:
        """Continue a stopped run."""
        runner.run.send(signal.SIGCONT)
        runner.is_stopped = False

    def bury(self, runner: Runner) -> int:
        """Wait for the end of a run, and remove its machine; return its exit status."""
        status = runner.end.result()
        shutil.rmtree(runner.folder)
        self._free.append(runner.forks)
        return status

    def printed(self) -> str:
        """The output of all runs."""
        logs = sorted(self._log.parent.glob(f"{self._log.stem}.*.log"), key=lambda path: int(path.suffixes[-2][1:]))
        return "".join(path.read_text(errors="replace") for path in logs)

    def clean(self) -> None:
        """Remove the logs."""
        for path in self._log.parent.glob(f"{self._log.stem}.*.log"):
            path.unlink()
