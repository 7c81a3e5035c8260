"""One schedule: edits, runs under trouble, then clean runs that must converge, all drawn from one seed."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from benchmarks.chaos_applies import Applies
from benchmarks.chaos_checks import STRANGER, Row, not_held, violations
from benchmarks.chaos_manifest import Declared
from benchmarks.chaos_script import fault_script
from benchmarks.chaos_troubles import Troubles, draw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.chaos_place import Place

_EVEN = 0.5
_SCRIPTED = 0.05
"""The share of schedules with a fault script in a separate sandbox instead of the gate's faults."""
_RETRIED = 0.25
_OUTSIDE = 0.2
_PRUNED = 0.3

_ONLY = 0.15
VERIFIED_FIRST = 0.4
"""The share of rounds after the first that rotate credentials with --verify-first."""
_TWINS = 0.15
_NORMALIZED = 0.15
"""The share of schedules with a server that normalises values."""
_NORMALIZING = {"rules": [{"action": {"type": "normalize", "what": ["slash", "host", "type"]}}]}

_EXIT_CODES = {0, 1, 4, 5, 8, 130, 143, -2, -9, -15}
"""Allowed exit codes of a run under trouble. 3 would mean a lockfile or journal that fbsync cannot read. SIGINT and
SIGTERM have their default effect before fbsync has begun, and SIGTERM also after it has recorded everything."""
ALLOWED = ["--recreate", "--allow-host-change"]
"""What guards refuse in a run that undoes outside changes."""
_LOCKED = 7
"""Further exit codes of two concurrent runs."""


class Fate(StrEnum):
    """What happens to the lockfile and the journal before the clean run."""

    KEPT = "kept"
    LOST = "lost"


@dataclass(kw_only=True)
class Report:
    """The result of a schedule.

    Attributes:
        statuses: how its runs under trouble ended.
        printed: what all its runs printed, if there is a violation.
    """

    seed: int
    runs: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kills: int = 0
    signals: int = 0
    steps: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    printed: str = ""


class Schedule:
    """One schedule.

    Args:
        seed: the source of everything random.
        place: where the schedule runs; its workspaces belong to this schedule.
        edits: the most times that the manifest is edited and applied under trouble.
    """

    def __init__(self, seed: int, place: Place, *, edits: int) -> None:
        self._chance = random.Random(seed)
        self._place = place
        self._rounds = self._chance.randint(1, edits)
        self.report = Report(seed=seed)
        self._declared = Declared(self._chance, place.workspaces)
        self._fate = self._chance.choice(tuple(Fate))
        self._applies = Applies(
            place=place,
            folder=place.folder / f"seed-{seed}",
            log=place.folder / f"seed-{seed}.log",
            declared=self._declared,
            fingerprint_key=self._chance.choice(("", *["the key of this schedule, long enough"] * 4)),
            environment=self._chance.choice((None, None, "staging")),
        )
        self._strangers: dict[str, Row] = {}
        self._first: dict[str, Row] = {}
        self._unsure: set[str] = set()
        self._meddled = False

    def carry_out(self) -> Report:
        """Run the schedule; the report has the violations."""
        self._applies.folder.mkdir()
        self._say(f"fate of the lockfile: {self._fate}")
        self._put_strangers()
        with ExitStack() as stack:
            normalized = self._chance.random() < _NORMALIZED
            if normalized:
                self._behind(_NORMALIZING, stack)
            scripted = not normalized and self._chance.random() < _SCRIPTED
            with ExitStack() as rounds:
                if scripted:
                    self._behind(fault_script(self._chance), rounds)
                for number in range(self._rounds):
                    self._round(number, scripted=scripted)
            self._place.gate.deliver(of_all=True)
            self._converge(self._meet_fate())
        if not self.report.violations:
            shutil.rmtree(self._applies.folder)
            for log in (self._applies.log, self._applies.log.with_suffix(".twin.log")):
                log.unlink(missing_ok=True)
        else:
            self.report.printed = self._applies.log.read_text()
        return self.report

    def _behind(self, script: dict[str, Any], stack: ExitStack) -> None:
        """Put a sandbox with a fault script after the gate."""
        self._say(f"fault script: {json.dumps(script)}")
        stack.enter_context(self._place.faulty(script, self._applies.folder.with_suffix(".faults.json")))

    def _put_strangers(self) -> None:
        """Create configurations that are not fbsync's. One may get a declared name."""
        names = [STRANGER]
        if self._fate is not Fate.KEPT:
            names.append(self._chance.choice(self._declared.entries).name)
        for name in names:
            fields = {"name": name, "workspaceId": self._declared.entries[0].workspace, "aiType": "OTHER"}
            self._place.send("POST", "/ai/llm", fields | {"endpoint": "https://s.net", "secret": "s", "key": "theirs"})
        self._strangers = self._place.rows()

    def _round(self, number: int, *, scripted: bool) -> None:
        """Make a few edits, or none for a retry, and run under trouble."""
        edits = 0 if self._chance.random() < _RETRIED or not number else self._chance.randint(1, 3)
        for _ in range(edits):
            self._say(f"edit: {self._declared.edit()}")
        verified_first = bool(number) and self._chance.random() < VERIFIED_FIRST
        for _ in range(self._chance.randint(1, 3) if verified_first else 0):
            self._say(f"edit: {self._declared.rotate()}")
        if edits and self._chance.random() < _OUTSIDE:
            self._meddle()
        troubles = draw(self._chance, f"{self.report.seed}:{number}")
        if scripted:
            troubles = replace(troubles, chance=0.0)
        argv = ["--parallelism", self._chance.choice(("1", "2", "8"))]
        argv += ["--timeout", "0.5", "--retry-timeout", self._chance.choice(("0", "0.3", "1"))]
        argv += ["--prune", "--max-deletes", "100"] if self._chance.random() < _PRUNED else []
        if self._fate is not Fate.KEPT and self._chance.random() < _EVEN:
            argv.append("--adopt")
        only = self._chance.random() < _ONLY
        argv += ["--only", self._chance.choice(self._declared.entries).name] if only else []
        argv += ["--verify-first"] if verified_first else []
        self._place.gate.verified_first = frozenset(self._known()) if verified_first else frozenset()
        twin = ["--lock-timeout", self._chance.choice(("0", "10"))] if self._chance.random() < _TWINS else None
        with self._outrunning():
            statuses = self._run(argv, troubles, twin=twin)
        self.report.statuses.update(statuses)
        for status in statuses:
            if status not in (_EXIT_CODES if twin is None else _EXIT_CODES | {_LOCKED}):
                self._violated(f"a run ended with {status}")
        if statuses == (0,) and not only and (self._place.gate.lists or not self._meddled):
            self._check_held()
        self._check_verified()
        self._see_off_first()

    @contextmanager
    def _outrunning(self) -> Iterator[None]:
        """Let another user create what a run is about to create, if fbsync must not take it over."""
        gate = self._place.gate
        gate.outrun = self._create_first if self._fate is Fate.KEPT else None
        try:
            yield
        finally:
            gate.outrun = None

    def _create_first(self, workspace: str, name: str) -> None:
        fields = {"name": name, "workspaceId": workspace, "aiType": "OPENAI", "secret": "theirs, and long enough"}
        before = self._place.rows()
        self._place.send("POST", "/ai/llm", fields | {"endpoint": "https://first.example.com"}, as_another=True)
        self._first |= {
            llm_id: row for llm_id, row in self._place.rows().items() if _is_first(row) and llm_id not in before
        }

    def _see_off_first(self) -> None:
        """Check that what others created first is unchanged, and delete it."""
        rows = self._place.rows()
        for llm_id, row in self._first.items():
            if rows.get(llm_id) != row:
                self._violated(f"{row.identity} is another user's, and was changed to {rows.get(llm_id)}")
            if llm_id in rows:
                self._place.send("DELETE", f"/ai/llm/{llm_id}", None, as_another=True)
        self._first.clear()

    def _known(self) -> list[str]:
        """The ids in the lockfile."""
        lockfile = self._applies.lockfile
        return [llm["id"] for llm in json.loads(lockfile.read_text())["llms"]] if lockfile.exists() else []

    def _check_verified(self) -> None:
        """Check that no refused value replaces a credential in a run with --verify-first."""
        gate = self._place.gate
        for llm_id in gate.unverified:
            self._violated(f"{llm_id} was sent a credential that the provider refuses")
        gate.unverified.clear()
        gate.verified_first = frozenset()

    def _check_held(self) -> None:
        """Check that after a run with exit code 0 the server has what is declared.

        Skip this if the run got no list, and somebody changed something that only a list shows.
        """
        self._meddled = False
        for violation in not_held(self._declared, self._place.rows(), unsure=self._unsure):
            self._violated(f"after a run with exit code 0: {violation}")

    def _meddle(self) -> None:
        """Change or delete a known configuration on the server, with the same account."""
        lockfile = self._applies.lockfile
        known = json.loads(lockfile.read_text())["llms"] if lockfile.exists() else []
        if not known:
            return
        self._meddled = True
        llm = self._chance.choice(known)
        changes: tuple[dict[str, str | None] | None, ...] = (
            {"endpoint": "https://outside.net"},
            {"name": f"outside {self._chance.getrandbits(32)}"},
            {"key": f"somebody else's {self._chance.getrandbits(64)}"},
            {"key": None},
            {"secret": "somebody else's secret"},
            None,
        )
        fields = self._chance.choice(changes)
        self._say(f"outside: {fields or 'deletion'} for {llm['name']} (id {llm['id']})")
        if fields is not None and not _is_seen(fields, llm):
            self._unsure.add(llm["id"])
        self._place.send("DELETE" if fields is None else "PUT", f"/ai/llm/{llm['id']}", fields)

    def _meet_fate(self) -> frozenset[str]:
        """Lose files as drawn; return the ids that may be on the server although fbsync does not know them."""
        if self._fate is Fate.KEPT:
            return frozenset(self._strangers)
        self._applies.journal.unlink(missing_ok=True)
        self._applies.lockfile.unlink(missing_ok=True)
        # A rescue file fits only the lockfile for which it was made.
        shutil.rmtree(self._applies.folder / ".local", ignore_errors=True)
        return frozenset(self._place.rows())

    def _converge(self, before: frozenset[str]) -> None:
        """Make the clean runs, and check after each."""
        prune = ["--prune", "--max-deletes", "1000"]
        again = ["--resend-secrets"] if self._unsure else []
        self._unsure.clear()
        for argv in (again, prune) if self._fate is Fate.KEPT else (["--adopt", *prune],):
            self._clean([*ALLOWED, *argv])
            self._check(before, pruned=prune[0] in argv)
        self._clean(["--adopt", *prune])
        if self._place.gate.writes:
            self._violated(f"a second run sent {self._place.gate.writes} writes")

    def _clean(self, argv: list[str]) -> None:
        if any(statuses := self._run(argv, Troubles())):
            self._violated(f"the clean run {argv} ended with {statuses[0]}")

    def _check(self, before: frozenset[str], *, pruned: bool) -> None:
        found = violations(
            self._declared,
            self._place.rows(),
            self._applies.lockfile,
            strangers=self._strangers,
            before=before,
            pruned=pruned,
        )
        for violation in found:
            self._violated(violation)

    def _run(self, argv: list[str], troubles: Troubles, *, twin: list[str] | None = None) -> tuple[int, ...]:
        statuses, gate = self._applies.run(argv, troubles, twin=twin), self._place.gate
        self.report.runs += len(statuses)
        self.report.kills += sum(status < 0 for status in statuses)
        self.report.signals += sum(status in (130, 143) for status in statuses)
        told = " and ".join(map(str, statuses))
        self._say(f"apply {' '.join(argv)} ({troubles}): {told}, {gate.requests} requests, {gate.writes} writes")
        return statuses

    def _say(self, step: str) -> None:
        self.report.steps.append(step)

    def _violated(self, what: str) -> None:
        self._say(f"VIOLATION: {what}")
        self.report.violations.append(what)


def _is_first(row: Row) -> bool:
    """Whether a configuration is one that another user created first."""
    return row.endpoint.startswith("https://first.")


def _is_seen(fields: dict[str, str | None], known: dict[str, Any]) -> bool:
    """Whether a list shows changes of these fields: never those of a secret, and of a key only its presence."""
    return not ("secret" in fields or ("key" in fields and (fields["key"] is None or "key" in known)))
