"""Applies with a store: few swaps, every intent recorded before its request, and nothing ever lost."""

import asyncio
import json
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from fake_server import FakeServer
from hypothesis import given
from hypothesis import strategies as st
from records import desired
from store_doubles import MemoryStore, Troubled

from fbsync.execution.ports import Stop
from fbsync.execution.run import apply
from fbsync.model.configurations import Field
from fbsync.model.errors import FbsyncError
from fbsync.model.live import Live
from fbsync.model.outcomes import Result
from fbsync.model.secret import Secret
from fbsync.model.server_error import Failure, ServerError
from fbsync.planning.decide import make_plan
from fbsync.state.fingerprint import Fingerprinter, new_parameters
from fbsync.state.intents import settle, still_open
from fbsync.state.ledger import FileLedger
from fbsync.state.lockfile import Lockfile, journal_path, read_lockfile
from fbsync.state.replay import read_journal
from fbsync.state.replayed import Replayed
from fbsync.stores.document import first_state, parse_state
from fbsync.stores.holder import Holder
from fbsync.stores.protocol import Conflict, Unavailable, UnknownOutcome
from fbsync.stores.swap import StateObject
from fbsync.workflow.shared_state import SharedState
from fbsync.workflow.store_ledger import LeasedServer, StoreLedger

KEY = Secret("the fingerprint key, long enough", reference="FBSYNC_FINGERPRINT_KEY")
EMPTY = Lockfile(api_url="https://api.example.com", fingerprints=new_parameters(KEY))
FINGERPRINTS = Fingerprinter(EMPTY.fingerprints, key=KEY)
ME = Holder(host="a-host", process=1)


class Clock:
    def now(self):
        return 0.0

    def chance(self):
        return 0.0

    async def sleep(self, seconds):
        """Do not wait: time does not matter here."""


class Counting(FakeServer):
    """A server that records each creation, and the result of ``check`` before it."""

    def __init__(self, check=lambda name: None):
        super().__init__()
        self.created = []
        self.check = check

    async def create_llm(self, fields):
        await asyncio.sleep(0)
        self.check(fields[Field.NAME])
        self.created.append(fields[Field.NAME])
        return await super().create_llm(fields)


@pytest.fixture
def store():
    store = MemoryStore()
    StateObject(store).swap(first_state(ME), None)
    return store


def opened(store, folder, script=()):
    folder.mkdir(parents=True, exist_ok=True)
    troubled = Troubled(store)
    state = StateObject(troubled, sleep=lambda _: None)
    shared = SharedState(state, folder=folder, holder=ME, state_folder=folder.parent / "state")
    shared.load()
    troubled.script = list(script)
    return shared


def run(shared, server, wanted, *, ledger_of_files=FileLedger):
    """Apply as the command does; return the results, or the error that ended it before or after them."""

    async def applied():
        path = shared.lock_path
        live = Live(llms=(await server.list_llms(None)).llms, workspaces=frozenset({"ws"}))
        on_disk = read_lockfile(path)
        left = read_journal(journal_path(path), on_disk) or Replayed(lockfile=on_disk or EMPTY, open=())
        known = settle(left.lockfile, left.open, live.llms)
        identities = [llm.identity for llm in wanted]
        doubted = frozenset(intent.identity for intent in left.open if intent.action == "create")
        plan = make_plan(wanted, known.llms, live, fingerprints=FINGERPRINTS, prune=False, in_doubt=doubted)
        files = ledger_of_files(
            path,
            on_disk=on_disk,
            known=known,
            open_intents=still_open(left.open, known, identities, live),
            fingerprints=FINGERPRINTS,
            state_folder=path.parent / "state",
            today="2026-01-01",
            since=server.now,
        )
        if not plan.is_empty:
            shared.acquire(timeout=60)
        ledger = StoreLedger(files, shared)
        outcomes = ()
        try:
            outcomes = await apply(
                plan,
                server=LeasedServer(server, shared, timeout=60),
                clock=Clock(),
                ledger=ledger,
                parallelism=4,
                stop=Stop(),
                grace=1,
                on_outcome=lambda outcome: None,
                ahead=shared.intents_ahead(4),
            )
        finally:
            await ledger.close([one.change.desired.identity for one in outcomes if not one.result.is_trouble])
        return [outcome.result for outcome in outcomes]

    return asyncio.run(applied())


def state_in(store):
    return StateObject(store).read().state


def known_in(store):
    state = state_in(store)
    return {} if state.lockfile is None else {llm["name"]: llm["id"] for llm in json.loads(state.lockfile)["llms"]}


def intents_in(store):
    records = [json.loads(line) for line in state_in(store).journal]
    return {record["name"] for record in records if "intent" in record}


def test_two_hundred_creations_take_few_swaps_of_a_slow_store(store, tmp_path):
    class Slow(MemoryStore):
        def write(self, data, tag):
            time.sleep(0.05)
            return super().write(data, tag)

    slow = Slow()
    StateObject(slow).swap(first_state(ME), None)
    wanted = [desired(f"entry {number}") for number in range(200)]
    assert set(run(opened(slow, tmp_path / "copy"), Counting(), wanted)) == {Result.CREATED}
    assert len(known_in(slow)) == 200
    assert (state_in(slow).claim, state_in(slow).journal) == (None, ())
    # Some swaps take and release the lease and write intents; the outcomes share the others.
    assert slow.writes < 25


class LateOutcomes(FileLedger):
    """Records an outcome only some turns of the event loop later, when the run knows that it was the last one."""

    def done(self, number, change, llm_id):
        async def later(recorded):
            for _ in range(50):
                await asyncio.sleep(0)
            return await recorded

        return later(super().done(number, change, llm_id))


def test_the_last_outcomes_the_lockfile_and_the_end_of_the_lease_share_a_swap(store, tmp_path):
    before = store.writes
    results = run(opened(store, tmp_path / "copy"), Counting(), [desired("A")], ledger_of_files=LateOutcomes)
    assert results == [Result.CREATED]
    assert store.writes - before == len(("the lease", "the intent", "the rest"))
    assert list(known_in(store)) == ["A"]
    assert (state_in(store).claim, state_in(store).journal) == (None, ())


@pytest.mark.parametrize("is_written", [True, False])
def test_a_last_swap_that_fails_is_tried_again_at_the_end(store, tmp_path, is_written):
    """This also holds if the swap succeeded but its answer was lost."""

    class Failing(MemoryStore):
        left = None

        def _fail(self):
            if self.left:
                self.left -= 1
                raise Unavailable("a store", "it is down", hint="wait")

        def read(self):
            self._fail()
            return store.read()

        def write(self, data, tag):
            self._fail()
            if self.left is None and parse_state(data, "").lockfile is not None:
                self.left = 4  # every attempt at that swap
                if is_written:
                    store.write(data, tag)
                raise UnknownOutcome("a store", "it is down")
            return store.write(data, tag)

    failing = Failing()
    shared = SharedState(
        StateObject(failing, sleep=lambda _: None), folder=tmp_path, holder=ME, state_folder=tmp_path / "state"
    )
    shared.load()
    assert run(shared, Counting(), [desired("A")], ledger_of_files=LateOutcomes) == [Result.CREATED]
    assert failing.left == 0
    assert list(known_in(store)) == ["A"]
    assert (state_in(store).claim, state_in(store).journal) == (None, ())


def test_the_copys_files_are_closed_once_and_the_lease_is_released_where_that_fails(store, tmp_path):
    closed = []

    class Broken(FileLedger):
        async def close(self, settled):
            closed.append(self)
            await super().close(settled)
            raise FbsyncError("the disk is full")

    with pytest.raises(FbsyncError, match="the disk is full"):
        run(opened(store, tmp_path / "copy"), Counting(), [desired("A")], ledger_of_files=Broken)
    assert len(closed) == 1
    assert list(known_in(store)) == ["A"]
    assert state_in(store).claim is None


def test_each_intent_is_in_the_store_before_its_request(store, tmp_path):
    def check(name):
        assert name in intents_in(store)

    server = Counting(check)
    assert run(opened(store, tmp_path / "copy"), server, [desired(name) for name in "ABCDEFGH"]) == [Result.CREATED] * 8


def test_a_run_that_changes_nothing_writes_nothing(store, tmp_path):
    server, wanted = Counting(), [desired("A")]
    run(opened(store, tmp_path / "one"), server, wanted)
    writes = store.writes
    assert run(opened(store, tmp_path / "two"), server, wanted) == [Result.UNCHANGED]
    assert store.writes == writes


class TakenOver(Counting):
    """After the first creation, another run takes over the lease. Answers arrive only after this run has noticed."""

    def __init__(self, store, shared):
        super().__init__(self.take_over)
        self.store = store
        self.shared = shared

    def take_over(self, _name):
        if not self.created:
            version = StateObject(self.store).read()
            StateObject(self.store).swap(version.state.succeeded(ME, claim=None), version.tag)

    async def create_llm(self, fields):
        llm_id = await super().create_llm(fields)
        while len(self.created) > 1 and self.shared.lost is None:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.001)
        return llm_id


@pytest.mark.parametrize("when", ["before the answer", "after it"])
def test_a_lease_is_given_back_where_nothing_came_of_it(store, tmp_path, when):
    class Interrupted(MemoryStore):
        def write(self, data, tag):
            written = store.write(data, tag)
            if when == "before the answer":
                raise KeyboardInterrupt
            return written

        def read(self):
            return store.read()

    shared = SharedState(StateObject(Interrupted()), folder=tmp_path, holder=ME, state_folder=tmp_path / "state")
    shared.load()
    with suppress(KeyboardInterrupt):
        shared.acquire(timeout=60)
    assert state_in(store).claim is not None
    when = "after it"
    shared.give_back()
    assert state_in(store).claim is None
    writes = store.writes
    shared.give_back()
    assert store.writes == writes


def test_a_lease_of_another_run_is_not_given_back(store, tmp_path):
    shared, other = opened(store, tmp_path / "one"), opened(store, tmp_path / "two")
    other.acquire(timeout=60)
    with pytest.raises(Conflict):
        shared.acquire(timeout=60)
    shared.give_back()
    assert state_in(store).claim is not None


def test_a_lost_lease_sends_nothing_more_and_records_nothing(store, tmp_path):
    shared, wanted = opened(store, tmp_path / "copy"), [desired(f"entry {number}") for number in range(50)]
    server = TakenOver(store, shared)
    with pytest.raises(FbsyncError) as caught:
        run(shared, server, wanted)
    assert caught.value.exit_code == 7
    assert len(server.created) < 20
    assert known_in(store) == {}
    assert Result.FAILED not in run(opened(store, tmp_path / "again"), server, wanted)
    assert len(server.created) == len(set(server.created)) == 50
    assert len(known_in(store)) == 50


def test_a_request_is_sent_only_while_the_lease_outlasts_it(store, tmp_path):
    class Leased:
        def __init__(self):
            self.left, self.renewed, self.name = 30.0, 0, "a store"

        def outlasts(self, seconds):
            return self.left > seconds

        def renew(self, seconds):
            self.renewed += 1
            self.left = 180.0

    leased, server = Leased(), Counting()
    guarded = LeasedServer(server, leased, timeout=60)
    fields = {
        Field.WORKSPACE_ID: "ws",
        Field.NAME: "A",
        Field.AI_TYPE: "OPENAI",
        Field.ENDPOINT: "https://a.example.com",
        Field.SECRET: Secret("s", reference="S"),
    }
    llm_id = asyncio.run(guarded.create_llm(fields))
    assert leased.renewed == 1
    asyncio.run(guarded.update_llm(llm_id, {Field.NAME: "B"}))
    assert leased.renewed == 1

    def lost(seconds):
        raise Conflict("a store")

    leased.left, leased.renew = 0.0, lost
    with pytest.raises(ServerError) as caught:
        asyncio.run(guarded.delete_llm(llm_id))
    assert caught.value.failure is Failure.UNREACHABLE
    assert llm_id in server.rows


def test_what_a_lease_longer_than_a_request_needs(store, tmp_path):
    shared = opened(store, tmp_path / "copy")
    shared.acquire(timeout=600)
    assert shared.outlasts(600)


scripts = st.lists(st.sampled_from(["well", "lost", "dropped", "down"]), max_size=30)


@given(scripts, scripts)
def test_whatever_the_store_does_nothing_is_created_twice_or_forgotten(first, second):
    """Two runs over a store that fails as scripted, each killed at its end, then one run without failures."""
    store = MemoryStore()
    StateObject(store).swap(first_state(ME), None)
    server, wanted = Counting(), [desired(name) for name in "ABCDE"]
    with tempfile.TemporaryDirectory() as folder:
        for number, script in enumerate((first, second, ())):
            try:
                run(opened(store, Path(folder) / str(number), script), server, wanted)
            except FbsyncError:
                version = StateObject(store).read()
                StateObject(store).swap(version.state.succeeded(ME, claim=None), version.tag)
    assert sorted(server.created) == list("ABCDE")
    assert known_in(store) == {row.name: llm_id for llm_id, row in server.rows.items()}
