"""The chaos run: random schedules of edits, faults and kills. After each, one clean run must converge.

``python -m benchmarks.chaos --schedules 5000`` prints the totals and, for each schedule with a violation,
its seed and its steps; ``--seed SEED --schedules 1`` repeats that one.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING

from benchmarks.chaos_batches import Total, batch, shared_batch
from benchmarks.object_servers import azurite, moto, seaweedfs

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.chaos_schedule import Report

_BATCH = 25
"""Schedules after which a sandbox is replaced by a new one."""
_SERVERS = {"moto": moto, "s3": seaweedfs, "az": azurite}


def _tell(report: Report) -> None:
    """Print what a schedule with a violation did."""
    replay = f"python -m benchmarks.chaos --seed {report.seed} --schedules 1, with the same other options"
    sys.stdout.write("\n".join([f"\nseed {report.seed} ({replay})", *(f"  {step}" for step in report.steps), ""]))
    sys.stdout.write("".join(f"  | {line}\n" for line in report.printed.splitlines()))


def _work(state: str, stack: ExitStack, *, honest: bool) -> Callable[[range, int], Total]:
    """The function that runs a batch. A server for the states, if needed, runs until the stack ends."""
    if state == "files":
        return batch
    server = stack.enter_context(_SERVERS[state]()) if state in _SERVERS else None
    return partial(shared_batch, server=server, honest=honest)


def main() -> int:
    """Run the schedules; return 1 if there is a violation."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description=__doc__)
    parser.add_argument("--schedules", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule; the others follow it")
    parser.add_argument("--jobs", type=int, default=8, help="how many schedules to run at a time")
    parser.add_argument("--edits", type=int, default=5, help="the most rounds of edits and troubles in a schedule")
    parser.add_argument(
        "--state",
        choices=("files", "git", *_SERVERS),
        default="files",
        help="where the known state is (s3: SeaweedFS, az: Azurite); all but files get several runs at a time",
    )
    parser.add_argument(
        "--dishonest", action="store_true", help="let the object store ignore conditions: a control that must fail"
    )
    options = parser.parse_args()
    started, total = time.monotonic(), Total()
    size = max(1, min(_BATCH, -(-options.schedules // options.jobs)))
    end = options.seed + options.schedules
    batches = [range(first, min(first + size, end)) for first in range(options.seed, end, size)]
    with ExitStack() as stack:
        work = _work(options.state, stack, honest=not options.dishonest)
        pool = stack.enter_context(ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")))
        for done in as_completed([pool.submit(work, seeds, options.edits) for seeds in batches]):
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
