import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from records import credential, desired, live, locked

from fbsync.model.changes import Create
from fbsync.model.configurations import IN_DOUBT, Field, Identity
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.model.live import Live
from fbsync.state.fingerprint import Fingerprinter, Method, Parameters
from fbsync.state.intents import Intent, settle, still_open
from fbsync.state.journal import Journal
from fbsync.state.ledger import FileLedger
from fbsync.state.lockfile import Lockfile, journal_path, read_lockfile
from fbsync.state.replay import read_journal, replay
from fbsync.state.replayed import Replayed

EMPTY = Lockfile(
    api_url="https://api.example.com", fingerprints=Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA")
)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CREATE_A = Intent(
    action="create",
    identity=Identity(workspace_id="ws", name="A"),
    ai_type="OPENAI",
    endpoint="https://api.example.com/v1",
    credentials=((Field.SECRET, "KEY_A"),),
    since=NOON,
    user_id="user-1",
)
UPDATE_B = Intent(
    action="update",
    identity=Identity(workspace_id="ws", name="B"),
    llm_id="id-B",
    credentials=((Field.SECRET, "KEY_A"),),
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fbsync.lock.journal"


def crash(path, lockfile=EMPTY, *steps, open_intents=()):
    """Write a journal and abandon it, as a killed process does."""

    async def run():
        journal = Journal(path, lockfile, open_intents)
        for step in steps:
            await step(journal)

    asyncio.run(run())


def intend(intent):
    """Record an intent, and that its request was sent."""

    async def recorded(journal):
        journal.sending(await journal.intend(intent))

    return recorded


def test_there_is_none(path):
    assert read_journal(path, None) is None


def test_a_header_without_records_changes_nothing(path):
    crash(path)
    assert read_journal(path, None) == Replayed(lockfile=EMPTY, open=())
    known = EMPTY.with_llms([locked()])
    assert read_journal(path, known) == Replayed(lockfile=known, open=())


def test_outcomes_are_in_the_known_state_and_intents_without_one_are_open(path):
    async def done(journal):
        number = await journal.intend(CREATE_A)
        await journal.done(number, entry=locked("A"), gone=["id-old"])

    crash(path, EMPTY.with_llms([locked("old")]), done, intend(UPDATE_B))
    assert read_journal(path, EMPTY.with_llms([locked("old")])) == Replayed(
        lockfile=EMPTY.with_llms([locked("A")]), open=(UPDATE_B,)
    )


def test_what_was_certainly_not_done_is_not_open(path):
    async def refused(journal):
        await journal.not_done(await journal.intend(CREATE_A))

    crash(path, EMPTY, refused)
    assert read_journal(path, None) == Replayed(lockfile=EMPTY, open=())


def test_a_torn_last_line_is_no_record(path):
    crash(path, EMPTY, intend(CREATE_A), intend(UPDATE_B))
    data = path.read_bytes()
    second = data[:-1].rindex(b"\n") + 1
    for cut in range(second, len(data)):
        path.write_bytes(data[:cut])
        assert read_journal(path, None).open == (CREATE_A,)


def test_a_line_in_the_middle_that_is_no_record_is_a_finding(path):
    crash(path, EMPTY, intend(CREATE_A), intend(UPDATE_B))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "garbage", lines[2], ""]))
    with pytest.raises(InvalidInput) as caught:
        read_journal(path, None)
    assert caught.value.findings[0].position.line == 2


@pytest.mark.parametrize("record", [{}, {"n": "x"}, {"n": 1, "entry": {}}, {"n": 1, "intent": "create"}])
def test_a_record_of_another_shape_is_a_finding(path, record):
    crash(path)
    path.write_text(path.read_text() + json.dumps(record) + "\n")
    with pytest.raises(InvalidInput):
        read_journal(path, None)


def test_a_journal_of_another_lockfile_is_a_finding(path):
    crash(path, EMPTY, intend(CREATE_A))
    other = Lockfile(api_url="https://other.example.com", fingerprints=EMPTY.fingerprints)
    with pytest.raises(InvalidInput) as caught:
        read_journal(path, other)
    assert "does not belong to the lockfile" in caught.value.findings[0].message


def test_an_open_update_leaves_the_credentials_that_it_carried_in_doubt(path):
    known = EMPTY.with_llms([locked("B")])
    crash(path, known, intend(UPDATE_B))
    (llm,) = read_journal(path, known).lockfile.llms
    assert llm.secret.fingerprint == IN_DOUBT


def test_two_crashes_in_a_row_keep_what_the_first_left_open(path):
    crash(path, EMPTY, intend(CREATE_A))
    left = read_journal(path, None)
    crash(path, EMPTY, intend(UPDATE_B), open_intents=left.open)
    assert read_journal(path, None).open == (CREATE_A, UPDATE_B)


def made(name, *, at=NOON, user_id="user-1", **more):
    """A configuration that was created at this time, as a server lists it."""
    return replace(live(name, **more), created_at=at, user_id=user_id)


LATER = Live(llms=(), workspaces=frozenset({"ws"}), served_at=NOON + timedelta(hours=2))


class TestSettling:
    LEFT = Replayed(lockfile=EMPTY, open=(CREATE_A,))

    def test_ours_is_known_from_then_on_with_its_credentials_in_doubt(self):
        settled = settle(self.LEFT.lockfile, self.LEFT.open, [made("A", llm_id="new")])
        (llm,) = settled.llms
        assert (llm.id, llm.name, llm.secret.reference, llm.secret.fingerprint) == ("new", "A", "KEY_A", IN_DOUBT)
        assert still_open(self.LEFT.open, settled, [CREATE_A.identity], LATER) == ()

    @pytest.mark.parametrize(
        "other", [{"endpoint": "https://else.example.com"}, {"ai_type": "AWS"}, {"workspace": "ws2"}]
    )
    def test_somebody_elses_is_not_taken(self, other):
        assert settle(self.LEFT.lockfile, self.LEFT.open, [made("A", **other)]) == EMPTY

    def test_what_the_list_does_not_show_stays_open_while_it_is_declared(self):
        settled = settle(self.LEFT.lockfile, self.LEFT.open, [])
        assert settled == EMPTY
        assert still_open(self.LEFT.open, settled, [CREATE_A.identity], LATER) == (CREATE_A,)
        assert still_open(self.LEFT.open, settled, [], LATER) == ()

    def test_what_nobody_declares_stays_open_until_the_server_tells_of_its_workspace(self):
        assert still_open(self.LEFT.open, EMPTY, [], Live(llms=(), workspaces=frozenset({"another"}))) == (CREATE_A,)


def test_records_share_the_waiting_for_the_disk(path, monkeypatch):
    """Group commit: many records at the same time need far fewer fsyncs than there are records."""
    import os

    syncs = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (syncs.append(descriptor), real(descriptor)))

    async def run():
        journal = Journal(path, EMPTY)
        before = len(syncs)
        numbers = await asyncio.gather(*(journal.intend(CREATE_A) for _ in range(100)))
        for number in numbers:
            journal.sending(number)
        return len(syncs) - before

    assert asyncio.run(run()) <= 3
    assert len(read_journal(path, None).open) == 100


def test_what_is_durable_has_all_before_it_on_the_disk(path):
    async def run():
        journal = Journal(path, EMPTY)
        number = await journal.intend(CREATE_A)
        recorded = journal.done(number, entry=locked("A"))
        journal.sending(await journal.intend(UPDATE_B))
        assert [json.loads(line).get("intent", "outcome") for line in path.read_text().splitlines()[1:]] == [
            "create",
            "outcome",
            "update",
            "outcome",
        ]
        await recorded

    asyncio.run(run())
    assert read_journal(path, None).open == (UPDATE_B,)


def test_after_a_failed_write_nothing_more_is_taken(path):
    async def run():
        import os

        journal = Journal(path, EMPTY)
        os.close(journal._descriptor)
        journal._descriptor = os.open("/dev/full", os.O_WRONLY)
        for _ in range(2):
            with pytest.raises(FbsyncError, match="No space left"):
                await journal.intend(CREATE_A)
        assert journal.open == ()

    asyncio.run(run())


class TestLedger:
    def ledger(self, tmp_path, *, on_disk=None, known=EMPTY):
        fingerprints = Fingerprinter(EMPTY.fingerprints, key=None)
        return FileLedger(
            tmp_path / "fbsync.lock",
            on_disk=on_disk,
            known=known,
            open_intents=(),
            fingerprints=fingerprints,
            state_folder=tmp_path / "state",
            today="2026-01-01",
        )

    def test_a_run_without_changes_writes_nothing(self, tmp_path):
        asyncio.run(self.ledger(tmp_path).close([]))
        assert list(tmp_path.iterdir()) == []

    def test_the_lockfile_holds_what_came_about_and_the_journal_goes(self, tmp_path):
        change = Create(desired=desired("A", secret=credential(value="canary-credential")))

        async def run():
            ledger = self.ledger(tmp_path)
            number = await ledger.intend(change, {Field.SECRET: change.desired.secret.secret})
            journal = journal_path(tmp_path / "fbsync.lock")
            assert "canary" not in journal.read_text()
            assert not (tmp_path / "fbsync.lock").exists()
            await ledger.done(number, change, "new-id")
            assert "canary" not in journal.read_text()
            await ledger.close([change.desired.identity])

        asyncio.run(run())
        assert [path.name for path in tmp_path.iterdir()] == ["fbsync.lock"]
        (llm,) = read_lockfile(tmp_path / "fbsync.lock").llms
        assert (llm.id, llm.name) == ("new-id", "A")
        assert "canary" not in (tmp_path / "fbsync.lock").read_text()

    def test_an_unknown_outcome_keeps_the_journal(self, tmp_path):
        change = Create(desired=desired("A"))

        async def run():
            ledger = self.ledger(tmp_path)
            ledger.sending(await ledger.intend(change, {Field.SECRET: change.desired.secret.secret}))
            await ledger.close([])

        asyncio.run(run())
        left = read_journal(journal_path(tmp_path / "fbsync.lock"), None)
        assert [intent.identity.name for intent in left.open] == ["A"]


class TestWhatWasSent:
    """An intent that was certainly not sent claims nothing. One that may have been sent does."""

    def lines(self, path):
        return path.read_bytes()

    def recorded_ahead(self, path):
        async def ahead(journal):
            await journal.intend(CREATE_A)
            journal.sending(await journal.intend(UPDATE_B))

        crash(path, EMPTY, ahead)

    def test_an_intent_without_a_mark_was_not_sent(self, path):
        self.recorded_ahead(path)
        assert read_journal(path, None).open == (UPDATE_B,)

    @pytest.mark.parametrize("boot", ["another start", None])
    def test_after_another_start_of_the_machine_the_mark_may_be_lost(self, path, boot):
        self.recorded_ahead(path)
        assert replay(self.lines(path), None, shown_as=path, boot=boot).open == (CREATE_A, UPDATE_B)

    def test_an_update_that_was_not_sent_puts_nothing_in_doubt(self, path):
        known = EMPTY.with_llms([locked("B")])

        async def ahead(journal):
            await journal.intend(UPDATE_B)

        crash(path, known, ahead)
        assert read_journal(path, known) == Replayed(lockfile=known, open=())

    def test_what_was_carried_over_counts_as_sent(self, path):
        crash(path, EMPTY, open_intents=(CREATE_A,))
        assert read_journal(path, None).open == (CREATE_A,)

    def test_a_run_that_ends_drops_what_it_recorded_ahead(self, path):
        async def run():
            journal = Journal(path, EMPTY)
            await journal.intend(CREATE_A)
            await journal.close()

        asyncio.run(run())
        assert not path.exists()

    def test_all_that_an_intent_carries_reads_back(self, path):
        intent = replace(CREATE_A, protect=True, declared_in="a.yaml", gone=("id-old",))
        crash(path, EMPTY, intend(intent))
        assert read_journal(path, None).open == (intent,)


class TestSettlingSeveral:
    """All open creations of one identity count together: any of them may be the one that was carried out."""

    FIRST = replace(CREATE_A, credentials=((Field.KEY, "KEY_ID"), (Field.SECRET, "OLD")), protect=True)
    SECOND = replace(CREATE_A, endpoint="https://b.example.com", declared_in="a.yaml")

    def settled(self, *intents, listed=None):
        (llm,) = settle(EMPTY, intents, [listed or made("A", llm_id="new")]).llms
        return llm

    def test_each_credential_that_one_carried_is_in_doubt(self):
        llm = self.settled(self.FIRST, self.SECOND)
        assert (llm.key.reference, llm.key.fingerprint) == ("KEY_ID", IN_DOUBT)
        assert (llm.secret.reference, llm.secret.fingerprint) == ("KEY_A", IN_DOUBT)

    def test_its_protection_and_its_manifest_are_kept(self):
        llm = self.settled(self.FIRST, self.SECOND)
        assert llm.protect
        assert llm.declared_in == "a.yaml"

    def test_either_one_may_explain_it(self):
        other = made("A", llm_id="new", endpoint="https://b.example.com/")
        assert self.settled(self.FIRST, self.SECOND, listed=other).id == "new"

    def test_a_name_in_another_spelling_is_the_same_identity(self):
        assert self.settled(replace(CREATE_A), listed=made("A ", llm_id="new")).name == "A"

    def test_what_was_there_before_or_is_another_users_is_not_taken(self):
        for listed in (made("A", at=NOON - timedelta(seconds=1)), made("A", user_id="somebody"), made("A", at=None)):
            assert settle(EMPTY, (self.FIRST, self.SECOND), [listed]) == EMPTY

    def test_two_that_could_be_ours_are_left_to_the_plan(self):
        both = [made("A", llm_id="one"), made("A ", llm_id="two")]
        assert settle(EMPTY, (CREATE_A,), both) == EMPTY

    def test_the_record_that_it_takes_the_place_of_goes(self):
        known = EMPTY.with_llms([locked("A", llm_id="old")])
        settled = settle(known, (replace(CREATE_A, gone=("old",)),), [made("A", llm_id="new")])
        assert [llm.id for llm in settled.llms] == ["new"]

    def test_one_of_an_undeclared_entry_stays_open_while_a_list_may_be_late(self):
        soon = replace(LATER, served_at=NOON + timedelta(minutes=5))
        assert still_open((CREATE_A,), EMPTY, [], soon) == (CREATE_A,)
        assert still_open((CREATE_A,), EMPTY, [], LATER) == ()
        assert still_open((CREATE_A,), EMPTY, [], None) == (CREATE_A,)
