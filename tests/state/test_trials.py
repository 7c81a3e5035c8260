"""What the open intents of temporary configurations explain in a list, and what is deleted for them."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from records import desired, live, locked

from fbsync.execution.body import trial_body
from fbsync.model.changes import Update
from fbsync.model.configurations import Identity
from fbsync.model.errors import InvalidInput
from fbsync.model.live import Live
from fbsync.state.fingerprint import Fingerprinter, Method, Parameters
from fbsync.state.intents import Intent
from fbsync.state.ledger import FileLedger
from fbsync.state.lockfile import Lockfile, journal_path
from fbsync.state.replay import read_journal
from fbsync.state.trials import leftovers, still_open_trials, without_trials

NAME = "fbsync-temporary-0123456789abcdef"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = Intent(action="try", identity=Identity(workspace_id="ws", name=NAME), since=NOW)
MADE = replace(OPEN, llm_id="id-t")
EMPTY = Lockfile(
    api_url="https://api.example.com", fingerprints=Parameters(method=Method.SCRYPT, salt="c2FsdHNhbHRzYWx0c2FsdA")
)
UPDATE = Update(desired=desired("A"), locked=locked("A"), fields=(), credentials=(), verify_first=True)


def listing(*llms, served_at=NOW, workspaces=("ws",)):
    return Live(llms=llms, workspaces=frozenset(workspaces), served_at=served_at)


def found(intent, listed, known=()):
    """What fbsync would delete, whether it is listed, and whether the intent stays open."""
    seen = None if listed is None else without_trials(listed, [intent])
    ids = leftovers([intent], seen, known=known)
    return (
        [(leftover.ids, leftover.is_listed) for leftover in ids],
        bool(still_open_trials([intent], seen, known=known)),
    )


TRIAL = live(NAME, llm_id="id-t")
LATER = NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("intent", "listed", "known", "expected"),
    [
        pytest.param(OPEN, listing(TRIAL), (), ([(("id-t",), True)], True), id="listed"),
        pytest.param(MADE, listing(TRIAL), (), ([(("id-t",), True)], True), id="listed as recorded"),
        pytest.param(OPEN, listing(), (), ([], True), id="not listed yet"),
        pytest.param(OPEN, listing(served_at=LATER), (), ([], False), id="not listed long after"),
        pytest.param(OPEN, None, (), ([], True), id="not asked"),
        pytest.param(MADE, listing(), (), ([(("id-t",), False)], True), id="recorded and not listed"),
        pytest.param(MADE, listing(workspaces=()), (), ([(("id-t",), False)], True), id="recorded, no list"),
        pytest.param(MADE, listing(live("B", llm_id="id-t")), (), ([], False), id="listed as something else"),
        pytest.param(MADE, listing(), ("id-t",), ([], False), id="known as something else"),
        pytest.param(OPEN, listing(live(NAME, workspace="ws-2")), (), ([], True), id="in another workspace"),
    ],
)
def test_what_is_deleted(intent, listed, known, expected):
    assert found(intent, listed, known) == expected


def test_it_is_set_apart_from_what_is_listed_by_its_intent_and_not_by_its_name():
    another = live("fbsync-temporary-ffffffffffffffff")
    seen = without_trials(listing(live("A"), TRIAL, another), [OPEN])
    assert (seen.llms, seen.temporary) == ((live("A"), another), (TRIAL,))
    assert without_trials(listing(TRIAL), []).llms == (TRIAL,)


def ledger_at(tmp_path, open_intents=()):
    return FileLedger(
        tmp_path / "fbsync.lock",
        on_disk=None,
        known=EMPTY,
        open_intents=open_intents,
        fingerprints=Fingerprinter(EMPTY.fingerprints, key=None),
        state_folder=tmp_path / "state",
        today="2026-01-01",
    )


def left(tmp_path, *steps):
    """The intents left by a run that was cut off after these steps."""

    async def work():
        ledger = ledger_at(tmp_path)
        number = await ledger.intend_trial(UPDATE, trial_body(UPDATE.desired, NAME))
        for step in steps:
            match step:
                case "sending":
                    ledger.sending(number)
                case "made":
                    await ledger.made(number, "id-t")
                case "over":
                    await ledger.not_done(number)

    asyncio.run(work())
    replayed = read_journal(journal_path(tmp_path / "fbsync.lock"), None)
    assert replayed.lockfile.llms == ()
    return [(intent.action, intent.identity.name, intent.llm_id) for intent in replayed.open]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (["sending"], [("try", NAME, None)]),
        (["sending", "made"], [("try", NAME, "id-t")]),
        (["sending", "made", "over"], []),
    ],
)
def test_what_the_journal_keeps(tmp_path, steps, expected):
    assert left(tmp_path, *steps) == expected
    text = journal_path(tmp_path / "fbsync.lock").read_text()
    assert json.loads(text.splitlines()[1])["credentials"] == {"secret": "KEY_A"}


def test_the_next_run_carries_it_over_and_ends_it(tmp_path):
    assert left(tmp_path, "sending", "made") != []
    path = journal_path(tmp_path / "fbsync.lock")
    (intent,) = read_journal(path, None).open

    async def untouched(ledger):
        await ledger.close([])

    async def ended(ledger):
        await ledger.removed(intent.identity)
        await ledger.close([])

    asyncio.run(untouched(ledger_at(tmp_path, [intent])))
    assert read_journal(path, None).open == (intent,)
    asyncio.run(ended(ledger_at(tmp_path, [intent])))
    assert not path.exists()


@pytest.mark.parametrize("forged", ["A", "fbsync-temporary-0123456789abcdef0", "fbsync-temporary-0123456789abcde\\n"])
def test_a_name_that_fbsync_does_not_give_is_refused(tmp_path, forged):
    left(tmp_path, "sending")
    path = journal_path(tmp_path / "fbsync.lock")
    path.write_text(path.read_text().replace(NAME, forged))
    with pytest.raises(InvalidInput):
        read_journal(path, None)


def test_an_id_without_a_trial_means_nothing(tmp_path):
    left(tmp_path, "sending")
    path = journal_path(tmp_path / "fbsync.lock")
    with path.open("a") as journal:
        journal.write('{"n":9,"made":"id-x"}\n')
    (intent,) = read_journal(path, None).open
    assert intent.llm_id is None
