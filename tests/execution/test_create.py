"""Creation: the effect of each answer to the POST, and of the list after it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from records import URL, live

from fbsync.execution.create import Creator
from fbsync.model.claims import Claim
from fbsync.model.configurations import Field, Identity
from fbsync.model.server import Listing
from fbsync.model.server_error import Failure, ServerError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
A = Identity(workspace_id="ws", name="A")
FIELDS = {Field.NAME: "A", Field.AI_TYPE: "OPENAI", Field.ENDPOINT: URL, Field.WORKSPACE_ID: "ws"}
CLAIM = Claim(identity=A, ai_type="OPENAI", endpoint=URL, since=NOW, user_id="me")
OURS = replace(live("A", llm_id="id-1"), created_at=NOW + timedelta(seconds=1), user_id="me")


def error(failure, status, message="no"):
    return ServerError(message, hint="hint", failure=failure, status=status)


UNKNOWN = error(Failure.UNKNOWN, 502)
TAKEN = error(Failure.REJECTED, 400, "a configuration of this name exists already")


class Server:
    """A server with prepared answers to creations, and a prepared list."""

    def __init__(self, *answers, listed=()):
        self.answers = list(answers)
        self.listed = listed
        self.calls = []

    async def create_llm(self, fields):
        self.calls.append("POST")
        answer = self.answers.pop(0)
        if isinstance(answer, ServerError):
            raise answer
        return answer

    async def list_llms(self, workspace_id):
        self.calls.append("GET")
        if isinstance(self.listed, ServerError):
            raise self.listed
        return Listing(llms=tuple(self.listed))

    async def update_llm(self, llm_id, fields):
        self.calls.append(("PUT", llm_id, tuple(map(str, fields))))


class Clock:
    def now(self):
        return 0.0

    async def sleep(self, seconds):
        """Do not wait: time does not matter here."""


def created(server, *, earlier=()):
    async def run():
        try:
            return await Creator(server, Clock()).create(A, FIELDS, earlier=earlier, own=lambda: CLAIM)
        except ServerError as failed:
            return failed

    return asyncio.run(run())


def test_an_answer_with_an_id_is_all():
    server = Server("id-1")
    assert (created(server), server.calls) == ("id-1", ["POST"])


@pytest.mark.parametrize("spelled", ["A", " A "])
def test_a_creation_confirmed_without_an_id_is_looked_up_and_not_sent_again(spelled):
    server = Server(None, listed=[replace(OURS, name=spelled)])
    assert (created(server), server.calls) == ("id-1", ["POST", "GET"])


@pytest.mark.parametrize("listed", [(), error(Failure.NOT_FOUND, 404)], ids=["absent", "no-list"])
def test_a_creation_confirmed_without_an_id_and_not_listed_stays_open(listed):
    server = Server(None, "id-2", listed=listed)
    failed = created(server)
    assert (failed.failure, server.calls.count("POST")) == (Failure.UNKNOWN, 1)


def test_what_a_request_of_unknown_outcome_made_is_taken_and_its_credential_sent():
    server = Server(UNKNOWN, listed=[replace(OURS, key_mask="****")])
    assert created(server) == "id-1"
    assert server.calls[-1] == ("PUT", "id-1", ("key", "name", "aiType", "endpoint"))


def test_what_an_earlier_run_made_is_taken():
    server = Server(TAKEN, listed=[OURS])
    assert created(server, earlier=(CLAIM,)) == "id-1"


RIVALS = {
    "made-before": replace(OURS, created_at=NOW - timedelta(seconds=1)),
    "of-another-user": replace(OURS, user_id="somebody"),
    "of-another-type": replace(OURS, ai_type="AWS"),
    "elsewhere": replace(OURS, endpoint="https://rival.example.com"),
    "of-unknown-age": replace(OURS, created_at=None),
}


@pytest.mark.parametrize("rival", RIVALS)
@pytest.mark.parametrize("answer", [UNKNOWN, TAKEN], ids=["unknown", "taken"])
def test_what_somebody_else_made_is_never_overwritten(rival, answer):
    server = Server(answer, listed=[RIVALS[rival]])
    failed = created(server, earlier=(CLAIM,))
    assert "somebody else created or changed it in the meantime" in failed.message
    assert server.calls == ["POST", "GET"]


@pytest.mark.parametrize(("first", "stays_open"), [(UNKNOWN, True), (TAKEN, False)], ids=["unknown", "taken"])
def test_what_somebody_else_made_does_not_settle_an_attempt_of_unknown_outcome(first, stays_open):
    """The server may still carry out the attempt, once the name is free again."""
    failed = created(Server(first, listed=[RIVALS["of-another-user"]]))
    assert (failed.failure is Failure.UNKNOWN) is stays_open
    assert "--adopt" in failed.hint


def test_an_unknown_outcome_and_an_absence_send_it_again():
    server = Server(UNKNOWN, "id-2")
    assert created(server) == "id-2"
    assert server.calls.count("POST") == 2


@pytest.mark.parametrize("then", [error(Failure.NOT_ALLOWED, 403), error(Failure.THROTTLED, 429), TAKEN], ids=str)
def test_an_unknown_outcome_stays_whatever_the_next_request_brings(then):
    failed = created(Server(UNKNOWN, then))
    assert (failed.failure, failed.status) == (Failure.UNKNOWN, then.status)


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_name_refused_as_taken_that_the_list_does_not_show_says_that_the_list_is_wrong(status):
    failed = created(Server(error(Failure.REJECTED, status, "name is already in use")))
    assert "the server's list does not have it" in failed.message
    assert failed.failure is Failure.REJECTED


@pytest.mark.parametrize(("name", "is_similar"), [("a", True), ("\u2003a", True), ("Å", False), ("AA", False)])
def test_a_name_that_is_taken_but_for_case_is_said_to_be_so(name, is_similar):
    failed = created(Server(TAKEN, listed=[replace(OURS, name=name)]))
    assert (f'the server already has "{name}" (id id-1)' in failed.message) is is_similar


def test_another_refusal_is_told_as_it_is():
    failed = created(Server(error(Failure.REJECTED, 400, "endpoint is no URL")))
    assert failed.message == "endpoint is no URL"


def test_several_of_one_identity_are_not_chosen_from():
    failed = created(Server(UNKNOWN, listed=[OURS, replace(OURS, id="id-2")]))
    assert "ids id-1, id-2" in failed.message
