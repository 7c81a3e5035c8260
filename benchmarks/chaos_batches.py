"""Batches of schedules, which run one after the other with one sandbox, and their totals."""

from __future__ import annotations

import ssl
import tempfile
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.chaos_gate import gate
from benchmarks.chaos_keepers import GitKeeper, ObjectKeeper
from benchmarks.chaos_place import Place
from benchmarks.chaos_runs import forking
from benchmarks.chaos_schedule import Report, Schedule
from benchmarks.chaos_shared import SharedReport, SharedSchedule
from benchmarks.chaos_store_gate import store_gate
from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.chaos_keepers import Keeper
    from benchmarks.chaos_store_gate import StoreGate
    from benchmarks.object_servers import ObjectServer

_AT_A_TIME = 4
"""The most concurrent runs of one schedule, including stopped ones."""


@dataclass(kw_only=True)
class Total:
    """The totals of many schedules."""

    reports: list[Report] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    trials: int = 0

    def add(self, other: Total) -> None:
        """Add other totals."""
        self.reports += other.reports
        self.faults += other.faults
        self.requests += other.requests
        self.trials += other.trials

    @property
    def violations(self) -> int:
        """The number of violations."""
        return sum(len(report.violations) for report in self.reports)

    def __str__(self) -> str:
        """The totals as a line."""
        runs, kills, signals = (self._sum(name) for name in ("runs", "kills", "signals"))
        shared = ""
        if any(isinstance(report, SharedReport) for report in self.reports):
            shared = f"{self._sum('stops')} stopped, {self._sum('acknowledged')} records acknowledged, "
        return (
            f"{len(self.reports)} schedules, {runs} runs, {kills} killed, {signals} interrupted, {shared}"
            f"{self.faults.total()} faults, {self.requests} requests, {self.trials} temporary configurations: "
            f"{self.violations} violations"
        )

    def _sum(self, name: str) -> int:
        return sum(getattr(report, name) for report in self.reports)


def batch(seeds: range, edits: int) -> Total:
    """Run schedules with state in files."""
    total = Total()
    with _places(seeds, at_a_time=2) as places:
        for seed, place in places.items():
            total.reports.append(Schedule(seed, place, edits=edits).carry_out())
            total.faults, total.requests = place.gate.faults, place.gate.all_requests
            total.trials = place.gate.trials
    return total


def shared_batch(seeds: range, edits: int, server: ObjectServer | None, *, honest: bool) -> Total:
    """Run schedules with shared state.

    Args:
        seeds: one for each.
        edits: the most rounds of a schedule.
        server: the object store that keeps the states, or None for git.
        honest: whether the conditions of writes reach the object store.
    """
    total = Total()
    with ExitStack() as stack:
        opened = None if server is None else stack.enter_context(store_gate(server.url, honest=honest))
        for seed, place in stack.enter_context(_places(seeds, at_a_time=_AT_A_TIME)).items():
            keeper = partial(_keeper, server, opened, f"seed-{seed}")
            report = SharedSchedule(seed, place, keeper=keeper, edits=edits).carry_out()
            total.reports.append(report)
            total.faults += report.store_faults
            total.requests, total.trials = place.gate.all_requests, place.gate.trials
        total.faults += place.gate.faults
    return total


def _keeper(
    server: ObjectServer | None, opened: StoreGate | None, prefix: str, folder: Path, environment: str | None
) -> Keeper:
    if server is None or opened is None:
        return GitKeeper(folder, environment)
    return ObjectKeeper(server, opened, prefix=prefix, folder=folder, environment=environment)


@contextmanager
def _places(seeds: range, *, at_a_time: int) -> Iterator[Mapping[int, Place]]:
    """A place for each seed: one sandbox, with workspaces for each.

    Args:
        seeds: the seeds of the schedules.
        at_a_time: the most concurrent runs.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fbsync-chaos-")))
        database = folder / "sandbox.db"
        names = {seed: (f"ws-{seed}-a", f"ws-{seed}-b") for seed in seeds}
        options = SandboxOptions(db=database, workspaces=tuple(name for pair in names.values() for name in pair))
        sandbox = stack.enter_context(running(options))
        opened = stack.enter_context(gate())
        forks = tuple(stack.enter_context(forking()) for _ in range(at_a_time))
        opened.upstream = sandbox.url
        authority = folder / "authority.pem"
        authority.write_text(ssl.DER_cert_to_PEM_cert(ssl.create_default_context().get_ca_certs(binary_form=True)[0]))
        yield {
            seed: Place(
                sandbox=sandbox,
                database=database,
                gate=opened,
                forks=forks,
                folder=folder,
                authority=authority,
                workspaces=workspaces,
            )
            for seed, workspaces in names.items()
        }
