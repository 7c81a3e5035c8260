import asyncio
import json
from types import SimpleNamespace

import pytest
from records import desired

from fbsync.changes import Create, Plan
from fbsync.errors import FbsyncError
from fbsync.execution import Stop, apply
from fbsync.fingerprint import Fingerprinter, Method, Parameters
from fbsync.journal import journal_path
from fbsync.ledger import FileLedger
from fbsync.lockfile import Lockfile
from fbsync.model import Field
from fbsync.outcomes import Result
from fbsync.retry import SystemClock

EMPTY = Lockfile(
    api_url="https://api.example.com", fingerprints=Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA")
)
NAMES = tuple("ABCDEFGH")
CREATIONS = Plan(refreshed=True, changes=tuple(Create(desired=desired(name)) for name in NAMES))


def server(create):
    """A server of which only creations are asked: ``create`` is told of each, by name."""

    async def create_llm(fields):
        await asyncio.sleep(0)
        create(fields[Field.NAME])
        return f"id-{fields[Field.NAME]}"

    return SimpleNamespace(create_llm=create_llm)


def carry_out(ledger, create, *, parallelism=1, on_outcome=lambda _: None):
    async def run():
        stop = Stop()
        try:
            return await apply(
                CREATIONS,
                server=server(create),
                clock=SystemClock(),
                ledger=ledger,
                parallelism=parallelism,
                stop=stop,
                grace=1.0,
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
    )


class FullLedger:
    """A ledger whose disk has room for all intents, and for outcomes until that of a given name."""

    def __init__(self, full_at):
        self.full_at = full_at
        self.is_full = False

    def is_in_doubt(self, identity):
        return False

    async def intend(self, change, sent):
        if self.is_full:
            raise FbsyncError("the disk is full")
        return 1

    def done(self, number, change, llm_id):
        self.is_full = self.is_full or change.desired.name == self.full_at
        return self._wait()

    async def _wait(self):
        await asyncio.sleep(0)
        if self.is_full:
            raise FbsyncError("the disk is full")


@pytest.mark.parametrize("parallelism", [1, 3])
def test_a_request_is_sent_when_its_intent_and_all_earlier_outcomes_of_its_worker_are_on_the_disk(
    ledger, tmp_path, parallelism
):
    journal, sent = journal_path(tmp_path / "fbsync.lock"), []

    def create(name):
        records = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
        intents = [record["name"] for record in records if "intent" in record]
        outcomes = [record["entry"]["name"] for record in records if "entry" in record]
        assert name in intents
        # At most the other workers' last requests are without an outcome on the disk.
        assert len(set(sent) - set(outcomes)) < parallelism
        sent.append(name)

    outcomes = carry_out(ledger, create, parallelism=parallelism)
    assert sorted(sent) == sorted(NAMES)
    assert [outcome.result for outcome in outcomes] == [Result.CREATED] * len(NAMES)
    assert [outcome.llm_id for outcome in outcomes] == [f"id-{name}" for name in NAMES]


def test_what_came_about_and_cannot_be_recorded_is_told_and_nothing_more_is_sent():
    sent, told = [], []
    outcomes = carry_out(FullLedger("C"), sent.append, on_outcome=told.append)
    assert sent == ["A", "B", "C"]
    assert [outcome.result for outcome in outcomes[:3]] == [Result.CREATED] * 3
    assert "the disk is full" in str(outcomes[2].error)
    assert {outcome.result for outcome in outcomes[3:]} == {Result.NOT_ATTEMPTED}
    assert {outcome.llm_id for outcome in told if outcome.result is Result.CREATED} == {"id-A", "id-B", "id-C"}


def test_a_failure_of_whoever_is_told_ends_the_run():
    sent = []

    def fail(outcome):
        raise RuntimeError(outcome.llm_id)

    with pytest.raises(RuntimeError, match="id-"):
        carry_out(FullLedger(None), sent.append, on_outcome=fail)
    assert len(sent) < len(NAMES)
