"""Findings of the chaos run, each reduced to its smallest form."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fake_server import FakeServer, Row

from fbsync.execution.ports import Stop
from fbsync.execution.run import apply
from fbsync.model.changes import Delete, Unchanged, Update
from fbsync.model.configurations import Credential, Field, Identity, Llm, LockedCredential, LockedLlm, Text
from fbsync.model.live import Live, LiveLlm
from fbsync.model.outcomes import Result
from fbsync.model.secret import Secret
from fbsync.model.server import Listing
from fbsync.model.server_error import Failure, ServerError
from fbsync.planning.decide import make_plan
from fbsync.state import lockfile
from fbsync.state.fingerprint import Fingerprinter, new_parameters
from fbsync.state.intents import Intent, settle
from fbsync.state.journal import Journal
from fbsync.state.ledger import FileLedger
from fbsync.state.lockfile import Lockfile, journal_path
from fbsync.state.replay import read_journal

URL = "https://a.example.com"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
KEY = Secret("the fingerprint key of these tests", reference="FBSYNC_FINGERPRINT_KEY")
EMPTY = Lockfile(api_url="https://api.example.com", fingerprints=new_parameters(KEY))
FINGERPRINTS = Fingerprinter(EMPTY.fingerprints, key=KEY)


def credential(name, value):
    return Credential(reference=name, secret=Secret(value, reference=name))


def desired(name, *, previous_name=None, key=None):
    return Llm(
        name=name,
        ai_type="OPENAI",
        endpoint=Text(template=URL, value=URL),
        workspace_id=Text(template="ws", value="ws"),
        secret=credential("SECRET", "s"),
        key=key,
        previous_name=previous_name,
    )


def record(name, llm_id):
    return LockedLlm(
        id=llm_id,
        name=name,
        workspace_id="ws",
        ai_type="OPENAI",
        endpoint=URL,
        secret=LockedCredential(
            reference="SECRET",
            fingerprint=FINGERPRINTS.fingerprint(Secret("s", reference="S"), llm_id=llm_id, field=Field.SECRET),
        ),
    )


def row(name, **more):
    return Row("ws", name, "OPENAI", URL, "s", **more)


class Clock:
    def now(self):
        return 0.0

    def chance(self):
        return 0.0

    async def sleep(self, seconds):
        """Do not wait: time does not matter here."""


class Failing(FakeServer):
    """A server with failing calls: ``fail`` gets each write's verb and fields, and may raise."""

    def __init__(self, fail):
        super().__init__()
        self.fail = fail

    async def create_llm(self, fields):
        error = self.fail("create", fields)
        if error is not None and error.failure is not Failure.UNKNOWN:
            raise error
        llm_id = await super().create_llm(fields)
        if error is not None:
            raise error
        return llm_id

    async def update_llm(self, llm_id, fields):
        if (error := self.fail("update", fields)) is not None:
            raise error
        await super().update_llm(llm_id, fields)


def failure(kind, status=None):
    return ServerError("no", hint="", failure=kind, status=status)


def run(path, server, wanted, known, *, prune=False):
    """Apply as the command does; return the outcomes."""

    async def applied():
        live = Live(llms=(await server.list_llms(None)).llms, workspaces=frozenset({"ws"}))
        left = read_journal(journal_path(path), known)
        settled = settle(*((left.lockfile, left.open) if left else (known, ())), live.llms)
        plan = make_plan(wanted, settled.llms, live, fingerprints=FINGERPRINTS, prune=prune)
        ledger = FileLedger(
            path,
            on_disk=lockfile.read_lockfile(path),
            known=settled,
            open_intents=(),
            fingerprints=FINGERPRINTS,
            state_folder=path.parent / "state",
            today="2026-01-01",
            since=server.now,
        )
        outcomes = await apply(
            plan,
            server=server,
            clock=Clock(),
            ledger=ledger,
            parallelism=2,
            stop=Stop(),
            grace=1,
            on_outcome=lambda outcome: None,
        )
        await ledger.close(())
        return [outcome.result for outcome in outcomes]

    return asyncio.run(applied())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "fbsync.lock"


def test_a_swap_that_fails_on_its_last_step_leaves_a_lockfile_that_can_be_read_and_is_finished_later(path):
    """The lockfile had one identity twice, and every later run ended with 3."""
    known = EMPTY.with_llms([record("A", "id-1"), record("B", "id-2")])
    wanted = [desired("A", previous_name="B"), desired("B", previous_name="A")]
    refused = iter([None, None, failure(Failure.REJECTED, 400)])
    server = Failing(lambda verb, fields: next(refused, None))
    server.rows = {"id-1": row("A"), "id-2": row("B")}
    assert sorted(run(path, server, wanted, known)) == [Result.FAILED, Result.UPDATED]
    again = lockfile.read_lockfile(path)
    assert {llm.id for llm in again.llms} == {"id-1", "id-2"}
    assert run(path, server, wanted, again)
    assert {llm_id: found.name for llm_id, found in server.rows.items()} == {"id-1": "B", "id-2": "A"}
    assert {llm.id: llm.name for llm in lockfile.read_lockfile(path).llms} == {"id-1": "B", "id-2": "A"}


def test_a_circle_that_nobody_finished_is_given_up_without_a_deletion_when_the_manifest_says_so(path):
    aside = replace(record("A", "id-1"), name="B (fbsync, id-1)")
    known = EMPTY.with_llms([aside, record("B", "id-2")])
    server = FakeServer()
    server.rows = {"id-1": row("B (fbsync, id-1)"), "id-2": row("B")}
    assert run(path, server, [desired("B", previous_name="A")], known) == [Result.UNCHANGED, Result.UNCHANGED]
    assert server.writes == 0


@pytest.mark.parametrize("then", [Failure.THROTTLED, Failure.NOT_ALLOWED], ids=str)
def test_a_creation_in_doubt_stays_open_whatever_comes_after_it(path, then):
    """The server carried out the first request, but its refusal of the second one closed the first one's intent."""
    errors = iter([failure(Failure.UNKNOWN), failure(then, 429)])
    server = Failing(lambda verb, fields: next(errors, None))

    async def nothing_yet(workspace_id):
        return Listing(llms=())

    seen, server.list_llms = server.list_llms, nothing_yet
    assert run(path, server, [desired("A")], EMPTY) == [Result.UNKNOWN]
    server.list_llms = seen
    assert run(path, server, [desired("B", previous_name="A")], EMPTY) == [Result.UPDATED]
    assert [found.name for found in server.rows.values()] == ["B"]


def test_a_creation_that_was_found_and_could_not_be_finished_stays_open(path):
    def fail(verb, fields):
        return failure(Failure.UNKNOWN) if verb == "create" else failure(Failure.THROTTLED, 429)

    server = Failing(fail)
    assert run(path, server, [desired("A")], EMPTY) == [Result.UNKNOWN]
    server.fail = lambda verb, fields: None
    assert run(path, server, [desired("A")], EMPTY) == [Result.UPDATED]


@pytest.mark.parametrize("prune", [False, True])
def test_a_known_configuration_that_bears_a_declared_name_is_no_strangers(prune):
    """fbsync adopted it and, with --prune, deleted it in the same run."""
    plan = make_plan(
        [desired("B")],
        [record("A", "id-1")],
        Live(
            llms=(LiveLlm(id="id-1", name="B", workspace_id="ws", ai_type="OPENAI", endpoint=URL),),
            workspaces=frozenset({"ws"}),
        ),
        fingerprints=FINGERPRINTS,
        prune=prune,
    )
    (change,) = plan.changes
    assert isinstance(change, Unchanged)
    assert change.record


def test_the_record_that_it_takes_the_place_of_goes_with_a_prune():
    plan = make_plan(
        [desired("A")],
        [record("A", "id-1"), record("B", "id-2")],
        Live(
            llms=(LiveLlm(id="id-2", name="A", workspace_id="ws", ai_type="OPENAI", endpoint=URL),),
            workspaces=frozenset({"ws"}),
        ),
        fingerprints=FINGERPRINTS,
        prune=True,
    )
    assert [type(change) for change in plan.changes] == [Unchanged, Delete]


def test_a_record_that_another_entry_gave_back_is_found_again_too():
    """Known names may lag behind live ones by a whole chain. Each entry gets the configuration with its name."""
    listed = {"id-1": "C", "id-2": "B"}
    plan = make_plan(
        [desired("B"), desired("C")],
        [record("B", "id-1"), record("A", "id-2")],
        Live(
            llms=tuple(
                LiveLlm(id=llm_id, name=name, workspace_id="ws", ai_type="OPENAI", endpoint=URL)
                for llm_id, name in listed.items()
            ),
            workspaces=frozenset({"ws"}),
        ),
        fingerprints=FINGERPRINTS,
        prune=True,
    )
    assert [(type(change), change.locked.id) for change in plan.changes] == [(Unchanged, "id-2"), (Unchanged, "id-1")]


def test_a_type_that_both_sides_changed_alike_renews_the_record():
    known = replace(record("A", "id-1"), ai_type="AWS")
    live = Live(
        llms=(LiveLlm(id="id-1", name="A", workspace_id="ws", ai_type="OPENAI", endpoint=URL),),
        workspaces=frozenset({"ws"}),
    )
    (change,) = make_plan([desired("A")], [known], live, fingerprints=FINGERPRINTS).changes
    assert isinstance(change, Unchanged)
    assert change.record


def test_an_adoption_takes_a_key_away_that_the_manifest_does_not_have(path):
    server = FakeServer()
    server.rows = {"id-1": row("A", key="theirs")}
    assert run(path, server, [desired("A")], EMPTY) == [Result.ADOPTED]
    assert server.rows["id-1"].key is None


def test_a_creation_in_place_of_a_lost_one_is_not_known_twice_after_a_crash():
    intent = Intent(
        action="create",
        identity=Identity(workspace_id="ws", name="A"),
        ai_type="OPENAI",
        endpoint=URL,
        credentials=((Field.SECRET, "SECRET"),),
        gone=("id-1",),
        since=NOON,
    )
    listed = LiveLlm(id="id-2", name="A", workspace_id="ws", ai_type="OPENAI", endpoint=URL, created_at=NOON)
    settled = settle(EMPTY.with_llms([record("A", "id-1")]), (intent,), [listed])
    assert [llm.id for llm in settled.llms] == ["id-2"]
    live = Live(llms=(listed,), workspaces=frozenset({"ws"}))
    plan = make_plan([desired("A")], settled.llms, live, fingerprints=FINGERPRINTS)
    assert [type(change) for change in plan.changes] == [Update]


@pytest.mark.parametrize("sent", ["KEY", ""], ids=["given", "taken-away"])
def test_a_key_whose_change_is_in_doubt_is_sent_again_or_taken_away(path, sent):
    """If the manifest took the key back after a crash, fbsync assumed that it was never sent."""
    known = record("A", "id-1")
    key = Secret("k", reference="KEY")
    if not sent:
        made = FINGERPRINTS.fingerprint(key, llm_id="id-1", field=Field.KEY)
        known = replace(known, key=LockedCredential(reference="KEY", fingerprint=made))
    known = EMPTY.with_llms([known])
    intent = Intent(
        action="update",
        identity=Identity(workspace_id="ws", name="A"),
        llm_id="id-1",
        credentials=((Field.KEY, sent),),
    )

    async def crash():
        journal = Journal(journal_path(path), known)
        journal.sending(await journal.intend(intent))

    asyncio.run(crash())
    lockfile.write_lockfile(path, known)
    server = FakeServer()
    server.rows = {"id-1": row("A", key="k" if sent else None)}
    declared = None if sent else Credential(reference="KEY", secret=key)
    assert run(path, server, [desired("A", key=declared)], known) == [Result.UPDATED]
    assert server.rows["id-1"].key == (None if sent else "k")


def test_two_creations_that_are_answered_with_one_id_are_a_failure(path):
    """fbsync lost one of the two records, and ended with 0."""

    class Repeating(FakeServer):
        async def create_llm(self, fields):
            await super().create_llm(fields)
            return "id-1"

    assert run(path, Repeating(), [desired("A"), desired("B")], EMPTY) == [Result.CREATED, Result.FAILED]
    assert [llm.name for llm in lockfile.read_lockfile(path).llms] == ["A"]
    assert [intent.identity.name for intent in read_journal(journal_path(path), lockfile.read_lockfile(path)).open] == [
        "B"
    ]
