"""The chaos run: random schedules of edits, faults and kills, after each of which one clean run has to converge.

``python -m benchmarks.chaos --schedules 5000`` prints the totals and, for each schedule in which something did not
hold, its seed and its steps; ``--seed SEED --schedules 1`` plays that one again.
"""

from __future__ import annotations

import argparse
import ssl
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from benchmarks.chaos_gate import gate
from benchmarks.chaos_place import Place
from benchmarks.chaos_runs import forking
from benchmarks.chaos_schedule import Report, Schedule
from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

_BATCH = 25
"""Schedules after which a sandbox is replaced by a new one."""


@dataclass(kw_only=True)
class Total:
    """What came of many schedules."""

    reports: list[Report] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def add(self, other: Total) -> None:
        """Add what came of others."""
        self.reports += other.reports
        self.faults += other.faults
        self.requests += other.requests

    @property
    def violations(self) -> int:
        """How many things did not hold."""
        return sum(len(report.violations) for report in self.reports)

    def __str__(self) -> str:
        """The totals as a line."""
        runs, kills, signals = (
            sum(getattr(report, name) for report in self.reports) for name in ("runs", "kills", "signals")
        )
        return (
            f"{len(self.reports)} schedules, {runs} runs, {kills} killed, {signals} interrupted, "
            f"{self.faults.total()} faults, {self.requests} requests: {self.violations} violations"
        )


def _batch(seeds: range, edits: int) -> Total:
    """Carry schedules out, one after the other, around a sandbox of their own."""
    total = Total()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fbsync-chaos-")))
        database = folder / "sandbox.db"
        names = {seed: (f"ws-{seed}-a", f"ws-{seed}-b") for seed in seeds}
        options = SandboxOptions(db=database, workspaces=tuple(name for pair in names.values() for name in pair))
        sandbox = stack.enter_context(running(options))
        opened = stack.enter_context(gate())
        forks, twins = stack.enter_context(forking()), stack.enter_context(forking())
        opened.upstream = sandbox.url
        authority = folder / "authority.pem"
        authority.write_text(ssl.DER_cert_to_PEM_cert(ssl.create_default_context().get_ca_certs(binary_form=True)[0]))
        for seed, workspaces in names.items():
            place = Place(
                sandbox=sandbox,
                database=database,
                gate=opened,
                forks=forks,
                twins=twins,
                folder=folder,
                authority=authority,
                workspaces=workspaces,
            )
            total.reports.append(Schedule(seed, place, edits=edits).carry_out())
        total.faults, total.requests = opened.faults, opened.all_requests
    return total


def _tell(report: Report) -> None:
    """Print what a schedule did in which something does not hold."""
    replay = f"python -m benchmarks.chaos --seed {report.seed} --schedules 1"
    sys.stdout.write("\n".join([f"\nseed {report.seed} ({replay})", *(f"  {step}" for step in report.steps), ""]))
    sys.stdout.write("".join(f"  | {line}\n" for line in report.printed.splitlines()))


def main() -> int:
    """Run it; return 1 when something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule; the others follow it")
    parser.add_argument("--jobs", type=int, default=8, help="how many schedules are under way at a time")
    parser.add_argument("--edits", type=int, default=5, help="rounds of edits and troubles in a schedule, at most")
    options = parser.parse_args()
    started, total = time.monotonic(), Total()
    size = max(1, min(_BATCH, -(-options.schedules // options.jobs)))
    end = options.seed + options.schedules
    batches = [range(first, min(first + size, end)) for first in range(options.seed, end, size)]
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_batch, seeds, options.edits) for seeds in batches]):
            total.add(done.result())
            for report in done.result().reports:
                if report.violations:
                    _tell(report)
            sys.stdout.flush()
            sys.stderr.write(f"{total}\n")
    seconds = time.monotonic() - started
    faults = ", ".join(f"{name} {number}" for name, number in sorted(total.faults.items()))
    ends = sum((report.statuses for report in total.reports), Counter[int]())
    told = ", ".join(f"{number} with {status}" for status, number in sorted(ends.items()))
    pace = f"{seconds:.0f} s, {options.schedules / seconds:.1f} schedules a second"
    sys.stdout.write(f"\nruns under trouble ended: {told}\n{total}\n{pace}\n{faults}\n")
    return int(bool(total.violations))


if __name__ == "__main__":
    sys.exit(main())
