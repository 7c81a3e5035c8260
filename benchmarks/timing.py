"""Timing: run two programs in turns, so that other load affects both."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The time of one run.

    Attributes:
        seconds: the elapsed time.
        peak_bytes: the peak of resident memory.
    """

    seconds: float
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program to time, from its start to its end.

    Attributes:
        argv: the program and its arguments.
        folder: where it runs.
        environment: its variables.
        expected: what it prints if it did its work.
        before: a function that prepares the run; its time does not count.
    """

    argv: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    expected: str
    before: Callable[[], None] = lambda: None

    def run(self) -> Spent:
        """Run the command once.

        Raises:
            RuntimeError: the command failed, or did something else.
        """
        self.before()
        with tempfile.TemporaryFile() as output:
            started = time.perf_counter()
            process = subprocess.Popen(
                list(self.argv),
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            said = output.read().decode(errors="replace")
        if process.returncode or self.expected not in said:
            raise RuntimeError(f"{' '.join(self.argv)} exited with {process.returncode} and said: {said[-2000:]}")
        return Spent(seconds=seconds, peak_bytes=usage.ru_maxrss * 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Runs of a subject and of its peer in turns."""

    subject: tuple[Spent, ...]
    peer: tuple[Spent, ...]

    @property
    def ratio(self) -> float:
        """The median ratio of the subject's time to its peer's in the same pair."""
        return statistics.median(
            subject.seconds / peer.seconds for subject, peer in zip(self.subject, self.peer, strict=True)
        )

    @property
    def seconds(self) -> tuple[float, float]:
        """The median seconds of the subject and of the peer."""
        return median_seconds(self.subject), median_seconds(self.peer)


def median_seconds(runs: Sequence[Spent]) -> float:
    """The median time of runs."""
    return statistics.median(run.seconds for run in runs)


def pairs(subject: Command, peer: Command, *, runs: int) -> Pairs:
    """Time two programs in turns, after one warm-up run of each. They take turns at being first."""
    subject.run()
    peer.run()
    both = (subject, peer)
    spent: tuple[list[Spent], list[Spent]] = ([], [])
    for number in range(runs):
        for which in (0, 1) if number % 2 else (1, 0):
            spent[which].append(both[which].run())
    return Pairs(subject=tuple(spent[0]), peer=tuple(spent[1]))
