"""A temporary configuration from its intent to its end, and its records."""

import asyncio

import pytest
from fake_server import FakeServer, Row
from records import desired, locked

from fbsync.execution.create import Creator
from fbsync.execution.ids import IdsInUse
from fbsync.execution.ports import Stop
from fbsync.execution.trial import Trial
from fbsync.model.changes import Update
from fbsync.model.errors import FbsyncError
from fbsync.model.server import Validation
from fbsync.model.server_error import Failure, ServerError
from fbsync.model.verifications import Verdict

NAME = "fbsync-temporary-0123456789abcdef"
UPDATE = Update(desired=desired("A"), locked=locked("A"), fields=(), credentials=(), verify_first=True)


class Ledger:
    """A ledger that keeps its records in a list; ``broken`` names what it cannot record."""

    def __init__(self, broken=()):
        self.told = []
        self.broken = broken

    async def intend_trial(self, change, sent):
        self._note("intend")
        return 7

    def sending(self, number):
        self._note("sending", number)

    async def made(self, number, llm_id):
        self._note("made", number, llm_id)

    async def not_done(self, number):
        self._note("not_done", number)

    def _note(self, *what):
        self.told.append(what)
        if what[0] in self.broken:
            raise FbsyncError("the disk is full")


class Provider(FakeServer):
    """A server that records all calls. The named ones fail, before or after it carries them out."""

    def __init__(self, *, before=(), after=(), accepts=True):
        super().__init__()
        self.calls = []
        self.before, self.after = dict(before), dict(after)
        self.accepts = accepts
        self.at_validation = lambda: None

    async def create_llm(self, fields):
        return await self._call("create", super().create_llm(fields))

    async def delete_llm(self, llm_id):
        return await self._call("delete", super().delete_llm(llm_id))

    async def validate_llm(self, llm_id):
        self.at_validation()
        return await self._call("validate", self._verdict())

    async def _verdict(self):
        return Validation(accepted=self.accepts, message="quota exceeded")

    async def _call(self, name, call):
        self.calls.append(name)
        if name in self.before:
            call.close()
            raise self.before[name]
        result = await call
        if name in self.after:
            raise self.after[name]
        return result


class NoTime:
    async def sleep(self, seconds):
        """Do not wait."""


def failure(kind, status=None):
    return ServerError("no", hint="look", failure=kind, status=status)


def tried(server, *, broken=(), stop=None, taken=()):
    """The outcome of a trial, and the ledger's records."""
    ledger = Ledger(broken)
    trial = Trial(
        UPDATE,
        server=server,
        creator=Creator(server, NoTime()),
        ledger=ledger,
        stop=stop or Stop(),
        ids=IdsInUse((), taken),
        name=lambda: NAME,
    )
    outcome = asyncio.run(trial.run())
    return outcome, [what for what, *_ in ledger.told]


ALL = ["intend", "sending", "made", "not_done"]


def test_accepted():
    server = Provider()
    outcome, told = tried(server)
    assert (outcome.verdict, outcome.error, outcome.left, outcome.stops) == (Verdict.ACCEPTED, None, None, None)
    assert (told, server.calls, server.rows) == (ALL, ["create", "validate", "delete"], {})


def test_it_carries_everything_under_a_name_of_its_own():
    server = Provider()
    seen = []
    server.at_validation = lambda: seen.extend(server.rows.values())
    tried(server)
    assert seen == [Row(workspace="ws", name=NAME, ai_type="OPENAI", endpoint="https://api.example.com/v1", secret="a")]


def test_refused():
    server = Provider(accepts=False)
    outcome, told = tried(server)
    assert outcome.verdict is Verdict.REFUSED
    assert outcome.error.message == "the provider refused the new values, so nothing was changed: quota exceeded"
    assert (told, server.rows) == (ALL, {})


@pytest.mark.parametrize("kind", [Failure.REJECTED, Failure.NOT_ALLOWED, Failure.THROTTLED, Failure.UNREACHABLE])
def test_a_creation_that_was_refused_is_over(kind):
    server = Provider(before={"create": failure(kind)})
    outcome, told = tried(server)
    assert (outcome.verdict, outcome.error.failure, outcome.stops) == (Verdict.NOT_ATTEMPTED, kind, None)
    assert outcome.error.message == "its temporary configuration was not created, so nothing was changed: no"
    assert (told, server.calls) == (["intend", "sending", "not_done"], ["create"])


def test_a_creation_of_unknown_outcome_stays_open_and_is_not_sent_again():
    server = Provider(before={"create": failure(Failure.UNKNOWN)})
    outcome, told = tried(server)
    assert outcome.verdict is Verdict.NOT_ATTEMPTED
    assert outcome.error.is_retryable
    assert (told, server.calls) == (["intend", "sending"], ["create"])


def test_a_creation_whose_answer_was_lost_is_found_in_the_list():
    server = Provider(after={"create": failure(Failure.UNKNOWN)})
    outcome, told = tried(server)
    assert (outcome.verdict, told, server.rows) == (Verdict.ACCEPTED, ALL, {})


@pytest.mark.parametrize(
    ("kind", "status", "verdict"),
    [
        (Failure.UNKNOWN, 504, Verdict.UNKNOWN),
        (Failure.NOT_FOUND, 404, Verdict.FAILED),
        (Failure.REJECTED, 405, Verdict.FAILED),
        (Failure.NOT_ALLOWED, 403, Verdict.FAILED),
    ],
)
def test_without_a_verdict_nothing_is_changed(kind, status, verdict):
    server = Provider(before={"validate": failure(kind, status)})
    outcome, told = tried(server)
    assert (outcome.verdict, outcome.error.failure, outcome.stops) == (verdict, kind, None)
    assert "so nothing was changed" in outcome.error.message
    assert ("--verify-first" in outcome.error.hint) == (status in (404, 405))
    assert (told, server.calls, server.rows) == (ALL, ["create", "validate", "delete"], {})


def test_nobody_is_signed_in_any_more():
    server = Provider(before={"validate": failure(Failure.NOT_SIGNED_IN, 401)})
    outcome, _ = tried(server)
    assert outcome.stops.failure is Failure.NOT_SIGNED_IN


@pytest.mark.parametrize("accepts", [True, False])
def test_one_that_cannot_be_deleted_stays_open(accepts):
    server = Provider(before={"delete": failure(Failure.UNKNOWN)}, accepts=accepts)
    outcome, told = tried(server)
    assert (outcome.error is None) == accepts
    assert NAME in outcome.left.message
    assert told == ["intend", "sending", "made"]


def test_one_that_is_gone_already_is_deleted():
    server = Provider()
    server.at_validation = server.rows.clear
    outcome, told = tried(server)
    assert (outcome.left, told) == (None, ALL)


def test_nothing_is_sent_without_a_durable_intent():
    server = Provider()
    outcome, told = tried(server, broken=("intend",))
    assert outcome.stops is outcome.error
    assert (told, server.calls) == (["intend"], [])


def test_no_provider_is_asked_where_the_id_cannot_be_recorded():
    server = Provider()
    outcome, _ = tried(server, broken=("made",))
    assert outcome.stops.message == outcome.error.message == "the disk is full"
    assert server.calls == ["create", "delete"]


def test_no_provider_is_asked_once_the_run_is_to_stop():
    server, stop = Provider(), Stop()
    stop.request(FbsyncError("interrupted"))
    outcome, told = tried(server, stop=stop)
    assert outcome.error.message == "interrupted"
    assert (told, server.calls) == (ALL, ["create", "delete"])


def test_the_id_of_another_configuration_is_not_its_own():
    """If a server answers with the id of another configuration, fbsync must not delete that one."""
    server = Provider()
    theirs = server.add(Row(workspace="ws", name="theirs", ai_type="OPENAI", endpoint="https://t.net", secret="t"))
    create = server.create_llm

    async def wrong_id(fields):
        await create(fields)
        return theirs

    server.create_llm = wrong_id
    outcome, told = tried(server, taken={theirs})
    assert (outcome.verdict, told) == (Verdict.ACCEPTED, ALL)
    assert list(server.rows) == [theirs]


def test_one_without_any_id_of_its_own_is_left_to_the_next_run():
    server = Provider()
    outcome, told = tried(server, taken={"id-1"})
    assert outcome.error.failure is Failure.UNKNOWN
    assert told == ["intend", "sending"]
    assert server.calls == ["create"]
