import asyncio
import gc
import json
from types import SimpleNamespace

import pytest
from records import desired

from fbsync.execution.ports import Stop, SystemClock
from fbsync.execution.run import apply
from fbsync.model.changes import Create
from fbsync.model.configurations import Field
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Result
from fbsync.model.plan import Plan
from fbsync.state.fingerprint import Fingerprinter, Method, Parameters
from fbsync.state.ledger import FileLedger
from fbsync.state.lockfile import Lockfile, journal_path
from fbsync.state.replay import read_journal

EMPTY = Lockfile(
    api_url="https://api.example.com", fingerprints=Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA")
)
NAMES = tuple("ABCDEFGH")
CREATIONS = Plan(refreshed=True, changes=tuple(Create(desired=desired(name)) for name in NAMES))


def server(create):
    """A server that supports only creations; ``create`` is called with the name of each."""

    async def create_llm(fields):
        await asyncio.sleep(0)
        create(fields[Field.NAME])
        return f"id-{fields[Field.NAME]}"

    return SimpleNamespace(create_llm=create_llm)


def carry_out(ledger, on, *, parallelism=1, stop=None, grace=1.0, on_outcome=lambda _: None):
    async def run():
        try:
            return await apply(
                CREATIONS,
                server=on,
                clock=SystemClock(),
                ledger=ledger,
                parallelism=parallelism,
                stop=stop or Stop(),
                grace=grace,
                on_outcome=on_outcome,
            )
        finally:
            if isinstance(ledger, FileLedger):
                await ledger.close([])

    return asyncio.run(run())


@pytest.fixture
def ledger(tmp_path):
    return FileLedger(
        tmp_path / "fbsync.lock",
        on_disk=None,
        known=EMPTY,
        open_intents=(),
        fingerprints=Fingerprinter(EMPTY.fingerprints, key=None),
        state_folder=tmp_path / "state",
        today="2026-01-01",
    )


class FullLedger:
    """A ledger whose disk has room for all intents, but for outcomes only before a given name."""

    def __init__(self, full_at):
        self.full_at = full_at
        self.is_full = False

    def is_in_doubt(self, identity):
        return False

    def intend(self, change, sent):
        return self._write()

    def claims(self, identity):
        return ()

    def sending(self, number):
        """This needs no room."""

    def done(self, number, change, llm_id):
        self.is_full = self.is_full or change.desired.name == self.full_at
        return self._write()

    def not_done(self, number):
        return self._write()

    def ending(self, settled):
        """This needs no room."""

    def _write(self):
        written = asyncio.get_running_loop().create_future()
        if self.is_full:
            written.set_exception(FbsyncError("the disk is full"))
        else:
            written.set_result(1)
        return written


@pytest.mark.parametrize("parallelism", [1, 3])
def test_a_request_is_sent_when_its_intent_is_on_the_disk_and_so_are_earlier_outcomes(ledger, tmp_path, parallelism):
    journal, sent = journal_path(tmp_path / "fbsync.lock"), []

    def create(name):
        records = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
        intents = [record["name"] for record in records if "intent" in record]
        outcomes = [record["entry"]["name"] for record in records if "entry" in record]
        assert name in intents
        # Intents are recorded that many changes ahead, after all outcomes so far.
        assert len(intents) <= len(sent) + 2 * parallelism
        assert len(set(sent) - set(outcomes)) < 2 * parallelism
        sent.append(name)

    outcomes = carry_out(ledger, server(create), parallelism=parallelism)
    assert sorted(sent) == sorted(NAMES)
    assert [outcome.result for outcome in outcomes] == [Result.CREATED] * len(NAMES)
    assert [outcome.llm_id for outcome in outcomes] == [f"id-{name}" for name in NAMES]


def test_the_next_intent_goes_to_the_disk_while_a_request_is_under_way(ledger, tmp_path):
    journal, found = journal_path(tmp_path / "fbsync.lock"), []

    async def create_llm(fields):
        async with asyncio.timeout(10):
            while '"name":"B"' not in journal.read_text():  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.001)
        found.append(fields[Field.NAME])
        return f"id-{fields[Field.NAME]}"

    carry_out(ledger, SimpleNamespace(create_llm=create_llm))
    assert found == list(NAMES)


def test_what_was_not_sent_when_a_run_stops_is_taken_back(ledger, tmp_path):
    stop, sent = Stop(), []

    def create(name):
        sent.append(name)
        stop.request(FbsyncError("enough"))

    outcomes = carry_out(ledger, server(create), parallelism=2, stop=stop)
    assert 1 <= len(sent) <= 2
    assert [outcome.result for outcome in outcomes].count(Result.NOT_ATTEMPTED) == len(NAMES) - len(sent)
    # No intent is open, or else the journal would stay.
    assert not journal_path(tmp_path / "fbsync.lock").exists()


def test_only_what_was_under_way_is_open_when_a_run_is_cut_off(ledger, tmp_path, caplog):
    stop, sent = Stop(), []

    async def create_llm(fields):
        sent.append(fields[Field.NAME])
        stop.request(FbsyncError("enough"))
        await asyncio.Event().wait()

    outcomes = carry_out(ledger, SimpleNamespace(create_llm=create_llm), parallelism=2, stop=stop, grace=0.05)
    results = {outcome.change.desired.name: outcome.result for outcome in outcomes}
    assert {name for name, result in results.items() if result is Result.UNKNOWN} == set(sent)
    left = read_journal(journal_path(tmp_path / "fbsync.lock"), None)
    assert {intent.identity.name for intent in left.open} == set(sent)
    gc.collect()
    assert caplog.records == []  # asyncio reports exceptions that nobody retrieved


def test_what_came_about_and_cannot_be_recorded_is_told_and_only_what_has_an_intent_is_sent():
    sent, told = [], []
    outcomes = carry_out(FullLedger("C"), server(sent.append), on_outcome=told.append)
    # The intent of D was on the disk before it was full: if D's outcome is lost, the next run looks for D.
    assert sent == ["A", "B", "C", "D"]
    assert [outcome.result for outcome in outcomes[:4]] == [Result.CREATED] * 4
    assert [str(outcome.error or "") for outcome in outcomes[:4]] == ["", "", *["the disk is full"] * 2]
    assert {outcome.result for outcome in outcomes[4:]} == {Result.NOT_ATTEMPTED}
    assert {outcome.llm_id for outcome in told if outcome.result is Result.CREATED} == {f"id-{name}" for name in "ABCD"}


def test_two_creations_that_are_answered_with_one_id_are_not_one_record(ledger, tmp_path):
    async def create_llm(fields):
        return "id-1" if fields[Field.NAME] in ("B", "D", "E") else f"id-{fields[Field.NAME]}"

    outcomes = carry_out(ledger, SimpleNamespace(create_llm=create_llm))
    failed = {outcome.change.desired.name: outcome for outcome in outcomes if outcome.result is Result.FAILED}
    assert set(failed) == {"D", "E"}
    assert "the id id-1 for the creation, but another configuration already has it" in failed["E"].error.message
    written = json.loads((tmp_path / "fbsync.lock").read_text())
    assert sorted(llm["name"] for llm in written["llms"]) == ["A", "B", "C", "F", "G", "H"]
    # The server reported these as created, but their outcomes are not recorded, so they stay open.
    left = read_journal(journal_path(tmp_path / "fbsync.lock"), None)
    assert {intent.identity.name for intent in left.open} == {"D", "E"}


def test_a_fault_in_one_entry_is_that_entrys_failure():
    def create(name):
        if name == "C":
            raise ValueError("canary-secret")

    outcomes = carry_out(FullLedger(None), server(create))
    results = {outcome.change.desired.name: outcome for outcome in outcomes}
    assert results.pop("C").result is Result.UNKNOWN
    assert {outcome.result for outcome in results.values()} == {Result.CREATED}
    assert not [outcome for outcome in outcomes if "canary" in str(outcome.error)]


def test_a_failure_of_whoever_is_told_ends_the_run():
    sent = []

    def fail(outcome):
        raise RuntimeError(outcome.llm_id)

    with pytest.raises(RuntimeError, match="id-"):
        carry_out(FullLedger(None), server(sent.append), on_outcome=fail)
    assert len(sent) < len(NAMES)
