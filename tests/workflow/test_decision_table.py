"""The plan's table (``design.md``, 'The plan') as a model: every apply follows it."""

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from fake_server import FakeServer, Row
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fbsync.execution.ports import Stop
from fbsync.execution.run import apply
from fbsync.model.changes import Adopt, Unchanged, Update
from fbsync.model.configurations import Credential, Llm, Text
from fbsync.model.live import Live
from fbsync.model.outcomes import Result
from fbsync.model.secret import Secret
from fbsync.planning.allowed import Allowed
from fbsync.planning.decide import make_plan
from fbsync.planning.guards import refusals
from fbsync.state import lockfile
from fbsync.state.fingerprint import Fingerprinter, new_parameters
from fbsync.state.ledger import FileLedger
from fbsync.state.lockfile import Lockfile

WORKSPACES = ("ws-1", "ws-2")
NAMES = st.sampled_from("ABCDE")
PLACES = st.sampled_from(WORKSPACES)
TYPES = st.sampled_from(("OPENAI", "AWS"))
ENDPOINTS = st.sampled_from(("https://a.example.com", "https://b.example.com"))
VALUES = st.sampled_from(("s1", "s2", "s3"))
KEYS = st.none() | VALUES
ANY = st.integers(min_value=0, max_value=99)
KEY = Secret("the fingerprint key of these tests", reference="FBSYNC_FINGERPRINT_KEY")


@dataclass(frozen=True)
class Entry:
    """A declared configuration: its fields for the server, and those only for fbsync."""

    row: Row
    previous_name: str | None = None
    protect: bool = False

    @property
    def llm(self):
        row = self.row
        return Llm(
            name=row.name,
            ai_type=row.ai_type,
            endpoint=Text(template=row.endpoint, value=row.endpoint),
            workspace_id=Text(template=row.workspace, value=row.workspace),
            secret=_credential("SECRET", row.secret),
            key=None if row.key is None else _credential("KEY", row.key),
            previous_name=self.previous_name,
            protect=self.protect,
        )


def _credential(name, value):
    return Credential(reference=name, secret=Secret(value, reference=name))


class _Clock:
    def now(self):
        return 0.0

    def chance(self):
        return 0.0

    async def sleep(self, seconds):
        """Do not wait: time does not matter here."""


class Reconciling(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.server = FakeServer()
        self.declared = {}
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "fbsync.lock"
        self.empty = Lockfile(api_url="https://api.example.com", fingerprints=new_parameters(KEY))

    def teardown(self):
        self.folder.cleanup()

    # What users do to the manifest.

    @rule(place=PLACES, name=NAMES, ai_type=TYPES, endpoint=ENDPOINTS, secret=VALUES, key=KEYS, protect=st.booleans())
    def declare(self, place, name, ai_type, endpoint, secret, key, protect):
        """Add an entry, or change the fields of one."""
        before = self.declared.get((place, name))
        previous = before.previous_name if before else None
        self._set(Entry(Row(place, name, ai_type, endpoint, secret, key), previous, protect))

    @rule(which=ANY, name=NAMES)
    def rename(self, which, name):
        """Rename an entry to a free name, or swap names with the entry that has it."""
        if not self.declared:
            return
        entry = self._pick(which)
        if name == entry.row.name:
            return
        other = self.declared.pop((entry.row.workspace, name), None)
        del self.declared[entry.row.identity]
        self._claim(entry.row.workspace, {entry.row.name, name})
        self._set(replace(entry, row=replace(entry.row, name=name), previous_name=entry.row.name))
        if other is not None:
            self._set(replace(other, row=replace(other.row, name=entry.row.name), previous_name=name))

    @rule(which=ANY)
    def pass_names_on(self, which):
        """Pass the names of all entries of a workspace on, in a circle."""
        if not self.declared:
            return
        place = self._pick(which).row.workspace
        entries = [entry for entry in self.declared.values() if entry.row.workspace == place]
        if len(entries) < 2:
            return
        names = [entry.row.name for entry in entries]
        for entry, name in zip(entries, (*names[1:], names[0]), strict=True):
            self._set(replace(entry, row=replace(entry.row, name=name), previous_name=entry.row.name))

    @rule(which=ANY)
    def undeclare(self, which):
        if self.declared:
            del self.declared[self._pick(which).row.identity]

    # What others do on the server.

    @rule(place=PLACES, name=NAMES, secret=VALUES, key=KEYS)
    def create_outside(self, place, name, secret, key):
        if self.server.holder((place, name)) is None:
            self.server.add(Row(place, name, "OTHER", "https://other.example.com", secret, key))

    @rule(which=ANY, endpoint=ENDPOINTS, ai_type=TYPES, name=NAMES)
    def change_outside(self, which, endpoint, ai_type, name):
        if self.server.rows:
            llm_id, row = sorted(self.server.rows.items())[which % len(self.server.rows)]
            new = replace(row, endpoint=endpoint, ai_type=ai_type, name=name)
            if self.server.holder(new.identity) in (None, llm_id):
                self.server.put(llm_id, new)

    @rule(which=ANY)
    def delete_outside(self, which):
        if self.server.rows:
            del self.server.rows[sorted(self.server.rows)[which % len(self.server.rows)]]

    @rule(which=ANY)
    def replace_outside(self, which):
        if self.server.rows:
            self.server.add(self.server.rows.pop(sorted(self.server.rows)[which % len(self.server.rows)]))

    # What fbsync does.

    @rule(adopt=st.booleans(), prune=st.booleans(), parallelism=st.sampled_from((1, 8)))
    def apply(self, adopt, prune, parallelism):
        asyncio.run(self._apply(adopt=adopt, prune=prune, parallelism=parallelism))

    async def _apply(self, *, adopt, prune, parallelism):
        known, live, plan = await self._plan(prune=prune)
        before = dict(self.server.rows)
        self._check_adoptions(plan, known, live)
        allowed = Allowed(adopt=adopt, max_deletes="99", recreate=True)
        if refusals(plan, allowed, declared=len(self.declared), known=known.llms, live=live):
            return
        ledger = FileLedger(
            self.path,
            on_disk=lockfile.read_lockfile(self.path),
            known=known,
            open_intents=(),
            fingerprints=Fingerprinter(known.fingerprints, key=KEY),
            state_folder=Path(self.folder.name) / "state",
            today="2026-01-01",
            since=self.server.now,
        )
        outcomes = await apply(
            plan,
            server=self.server,
            clock=_Clock(),
            ledger=ledger,
            parallelism=parallelism,
            stop=Stop(),
            grace=1,
            on_outcome=lambda outcome: None,
        )
        await ledger.close(())
        if any(outcome.result is Result.FAILED for outcome in outcomes):
            self._check_that_names_were_held(outcomes)
            return
        self._check_server(before, known, prune=prune)
        await self._check_that_it_is_over(prune=prune)

    async def _plan(self, *, prune):
        known = lockfile.read_lockfile(self.path) or self.empty
        live = Live(llms=(await self.server.list_llms(None)).llms, workspaces=frozenset(WORKSPACES))
        plan = make_plan(
            [entry.llm for entry in self.declared.values()],
            known.llms,
            live,
            fingerprints=Fingerprinter(known.fingerprints, key=KEY),
            prune=prune,
        )
        return known, live, plan

    def _check_adoptions(self, plan, known, live):
        """Rows two and five: fbsync adopts only what no known entry owns and what has a declared name."""
        ids = {record.id for record in known.llms}
        for change in plan.changes:
            if isinstance(change, Adopt):
                assert change.live.id not in ids
                assert change.live in live.llms
                assert change.live.identity == change.desired.identity

    def _check_server(self, before, known, *, prune):
        rows = self.server.rows
        for identity, entry in self.declared.items():
            assert rows[self.server.holder(identity)] == entry.row
        records = {record.id for record in lockfile.read_lockfile(self.path).llms} if self.path.exists() else set()
        ours = {self.server.holder(identity) for identity in self.declared}
        strangers = before.keys() - {record.id for record in known.llms} - ours
        left = {record.id for record in known.llms if record.id in before} - ours
        for llm_id in strangers | (set() if prune else left):
            assert rows[llm_id] == before[llm_id]
        assert rows.keys() == ours | strangers | (set() if prune else left)
        # Only a prune removes entries from the known state, even if the server does not list them.
        unseen = {record.id for record in known.llms} - before.keys()
        assert ours | (set() if prune else left) <= records <= ours | (set() if prune else left | unseen)

    async def _check_that_it_is_over(self, *, prune):
        """A second plan is empty, and would not change the lockfile, either."""
        _, _, again = await self._plan(prune=prune)
        assert again.is_empty
        # The mask of a key is learned from the first list after it was sent.
        assert not any(
            isinstance(change, Unchanged) and change.record and (change.desired.key is None or change.locked.key_mask)
            for change in again.changes
        )

    def _check_that_names_were_held(self, outcomes):
        """An entry fails here for only one reason: something that stays on the server has its name."""
        for outcome in outcomes:
            if outcome.result is Result.FAILED:
                llm = outcome.change.desired
                own = outcome.change.locked.id if isinstance(outcome.change, Update) else None
                assert self.server.holder((llm.workspace_id.value, llm.name)) not in (None, own)

    @invariant()
    def the_lockfile_can_be_read(self):
        lockfile.read_lockfile(self.path)

    def _pick(self, which):
        return list(self.declared.values())[which % len(self.declared)]

    def _set(self, entry):
        self.declared[entry.row.identity] = entry

    def _claim(self, place, names):
        """At most one entry claims a previous name; the claim of any other one ends."""
        for identity, entry in self.declared.items():
            if identity[0] == place and entry.previous_name in names:
                self.declared[identity] = replace(entry, previous_name=None)


TestReconciling = Reconciling.TestCase
TestReconciling.settings = settings(stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow])
