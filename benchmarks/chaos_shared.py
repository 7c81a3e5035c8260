"""One schedule with a shared state: rounds of concurrent runs under trouble, then clean runs that must converge."""

from __future__ import annotations

import random
import shutil
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.chaos_checks import STRANGER, not_held, violations
from benchmarks.chaos_fleet import Blow, Fleet, Lot, Moment, Runner, draw_lot
from benchmarks.chaos_keepers import known_in
from benchmarks.chaos_manifest import Declared
from benchmarks.chaos_schedule import ALLOWED, VERIFIED_FIRST, Report
from benchmarks.chaos_troubles import Death, Fault, Troubles
from benchmarks.chaos_troubles import Moment as RequestMoment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.chaos_checks import Row
    from benchmarks.chaos_keepers import Keeper
    from benchmarks.chaos_place import Place
    from fbsync.stores.document import StoredState

_EXIT_CODES = {0, 1, 4, 5, 7, 8, 130, 143, -9, -15}
"""Allowed exit codes of a run under trouble. 3 would mean a state that fbsync cannot read."""
_LEASE_SECONDS = 2
_LATE = frozenset({Fault.HELD, Fault.LATE})
"""Requests that the network delivers when another run has the lease: the one thing that no store can prevent."""
_UNHARMED = Lot(blow=Blow.NOTHING, moment=Moment(), lock_timeout=0)
_RETRIED = 0.25
_PRUNED = 0.5
_UNLOCKED = 0.5
_WOKEN_AMONG_OTHERS = 0.5


@dataclass(kw_only=True)
class SharedReport(Report):
    """The result of a schedule.

    Attributes:
        stops: how many runs stayed stopped until their lease ended.
        acknowledged: how many records the runs reported.
        store_faults: the faults of requests to the store.
    """

    stops: int = 0
    acknowledged: int = 0
    store_faults: Counter[str] = field(default_factory=Counter)


class SharedSchedule:
    """One schedule.

    Args:
        seed: the source of everything random. When a blow strikes also depends on the machine.
        place: the server; its workspaces belong to this schedule.
        keeper: a function that makes the keeper of the state, given a folder and an environment.
        edits: the most rounds.
    """

    def __init__(
        self,
        seed: int,
        place: Place,
        *,
        keeper: Callable[[Path, str | None], Keeper],
        edits: int,
    ) -> None:
        self._chance = random.Random(seed)
        self._place = place
        self._rounds = self._chance.randint(1, edits)
        self.report = SharedReport(seed=seed)
        self._declared = Declared(self._chance, place.workspaces)
        self._environment = self._chance.choice((None, None, "staging"))
        self._key = self._chance.choice(("", *["the key of this schedule, long enough"] * 3))
        self._folder = place.folder / f"seed-{seed}"
        self._folder.mkdir()
        self._keeper = keeper(self._folder / "kept", self._environment)
        log = place.folder / f"seed-{seed}.log"
        self._fleet = Fleet(self._folder, log=log, keeper=self._keeper, forks=place.forks, gate=place.gate)
        self._acknowledged: set[str] = set()
        self._stopped: list[Runner] = []
        self._strangers: dict[str, Row] = {}
        self._late: set[str] = set()
        self._unsure = False

    def carry_out(self) -> SharedReport:
        """Run the schedule; the report has the violations."""
        self._put_stranger()
        self._keeper.begin()
        for number in range(self._rounds):
            self._round(number)
        self._wake_all()
        self._converge()
        self.report.store_faults = self._keeper.faults
        if self.report.violations:
            self.report.printed = self._fleet.printed()
        else:
            self._fleet.clean()
            shutil.rmtree(self._folder)
        return self.report

    def _put_stranger(self) -> None:
        """Create a configuration that is not fbsync's."""
        fields = {"name": STRANGER, "workspaceId": self._declared.entries[0].workspace, "aiType": "OTHER"}
        self._place.send("POST", "/ai/llm", fields | {"endpoint": "https://s.net", "secret": "s", "key": "theirs"})
        self._strangers = self._place.rows()

    def _round(self, number: int) -> None:
        """Make a few edits, or none for a retry, and start two or three concurrent runs under trouble."""
        edits = 0 if self._chance.random() < _RETRIED or not number else self._chance.randint(1, 3)
        for _ in range(edits):
            self._say(f"edit: {self._declared.edit()}")
        self._place.gate.open(self._troubles(number))
        self._keeper.trouble(seed=self._chance.getrandbits(32))
        lots = [draw_lot(self._chance, may_stop=not at) for at in range(self._chance.randint(2, 3))]
        runners = [self._start(lot) for lot in lots]
        self._place.gate.watch(runners[-1].run)
        self._let_fall(runners)
        for runner in runners:
            if not runner.is_stopped:
                self._bury(runner)
        self._keeper.trouble(seed=None)
        self._place.gate.drain()
        self._check_acknowledged()
        if self._chance.random() < _UNLOCKED:
            self._say("unlock")
            self._keeper.unlock()
        if self._chance.random() < 0.5:
            self._wake_all()

    def _troubles(self, number: int) -> Troubles:
        return Troubles(
            seed=f"{self.report.seed}:{number}",
            chance=self._chance.choice((0.0, 0.0, 0.2, 0.4)),
            death=self._chance.choice((None, Death.REQUEST)),
            at=self._chance.randint(1, 12),
            moment=self._chance.choice(tuple(RequestMoment)),
            goes_through=self._chance.random() < 0.5,
            barred=_LATE,
        )

    def _start(self, lot: Lot) -> Runner:
        argv = ["--parallelism", self._chance.choice(("1", "2", "8")), "--lock-timeout", str(lot.lock_timeout)]
        argv += ["--timeout", "0.5", "--retry-timeout", self._chance.choice(("0", "0.3"))]
        argv += ["--prune", "--max-deletes", "100"] if self._chance.random() < _PRUNED else []
        argv += ["--verify-first"] if self._chance.random() < VERIFIED_FIRST else []
        return self._run(argv, lot, {"FBSYNC_LEASE_SECONDS": str(_LEASE_SECONDS)})

    def _run(self, argv: list[str], lot: Lot, more: dict[str, str]) -> Runner:
        argv = [*(["-e", self._environment] if self._environment else []), *argv]
        key = {"FBSYNC_FINGERPRINT_KEY": self._key} if self._key else {}
        environment = {**self._place.environment, **key, **self._declared.values, **more}
        self.report.runs += 1
        return self._fleet.start(argv, self._declared.text(self._environment), environment, lot)

    def _let_fall(self, runners: Sequence[Runner]) -> None:
        """Strike each run at its moment. A stopped one may continue while the others run."""
        strikes = [threading.Thread(target=self._fleet.strike, args=(runner,)) for runner in runners]
        for strike in strikes:
            strike.start()
        for strike in strikes:
            strike.join()
        for runner in [each for each in runners if each.is_stopped]:
            self.report.stops += 1
            if self._chance.random() < _WOKEN_AMONG_OTHERS:
                for other in runners:
                    if not other.is_stopped:
                        other.end.exception(timeout=None)
                        break
                self._fleet.wake(runner)
            else:
                self._stopped.append(runner)

    def _bury(self, runner: Runner) -> None:
        acknowledged = set(runner.acknowledged())
        status = self._fleet.bury(runner)
        self._acknowledged |= acknowledged
        self.report.acknowledged += len(acknowledged)
        self.report.statuses[status] += 1
        self.report.kills += status < 0
        self.report.signals += status in (130, 143)
        self._say(f"{runner.folder.name} ({runner.lot}): {status}, {len(acknowledged)} acknowledged")
        if status not in _EXIT_CODES:
            self._violated(f"{runner.folder.name} ended with {status}")

    def _wake_all(self) -> None:
        """Continue stopped runs while no other run is active, and count what they still send to the server."""
        before = set(self._place.rows())
        self._place.gate.open(Troubles())
        for runner in self._stopped:
            self._fleet.wake(runner)
            self._bury(runner)
        self._stopped.clear()
        self._place.gate.drain()
        if self._place.gate.writes:
            self._say(f"a woken run sent {self._place.gate.writes} requests after its time")
            self._unsure = True
            self._late |= set(self._place.rows()) - before

    def _check_acknowledged(self) -> None:
        """Check that each configuration that a run reported as recorded, and that the server has, is known."""
        rows = self._place.rows()
        replayed = known_in(self._keeper.read())
        known = set() if replayed is None else {llm.id for llm in replayed.lockfile.llms}
        for llm_id in sorted(self._acknowledged & set(rows) - known):
            self._violated(f"the acknowledged record of {rows[llm_id].identity} (id {llm_id}) is lost")

    def _converge(self) -> None:
        """Make the clean runs, and check after each."""
        prune = ["--prune", "--max-deletes", "1000"]
        again = ["--resend-secrets"] if self._unsure else []
        self._clean([*ALLOWED, *prune, *again])
        self._check()
        self._clean(["--adopt", *prune])
        if self._place.gate.writes:
            self._violated(f"a second run sent {self._place.gate.writes} writes")

    def _clean(self, argv: list[str]) -> None:
        self._place.gate.open(Troubles())
        runner = self._run([*argv, "--lock-timeout", "30"], _UNHARMED, {})
        status = self._fleet.bury(runner)
        self._say(f"apply {' '.join(argv)}: {status}, {self._place.gate.writes} writes")
        if status:
            self._violated(f"the clean run {argv} ended with {status}")

    def _check(self) -> None:
        rows = self._place.rows()
        for violation in not_held(self._declared, rows):
            self._violated(violation)
        before = frozenset(self._strangers) | self._late
        found = violations(
            self._declared,
            rows,
            self._written(self._keeper.read()),
            strangers=self._strangers,
            before=before,
        )
        for violation in found:
            self._violated(violation)
        self._check_acknowledged()

    def _written(self, state: StoredState) -> Path:
        """The state as the files that the checks read."""
        folder = self._folder / "checked"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = folder / "fbsync.lock"
        if state.lockfile is not None:
            path.write_text(state.lockfile)
        if state.journal:
            (folder / "fbsync.lock.journal").write_text("".join(f"{line}\n" for line in state.journal))
        if state.claim is not None:
            self._violated("a clean run left its lease")
        return path

    def _say(self, step: str) -> None:
        self.report.steps.append(step)

    def _violated(self, what: str) -> None:
        if what not in self.report.violations:
            self._say(f"VIOLATION: {what}")
            self.report.violations.append(what)
