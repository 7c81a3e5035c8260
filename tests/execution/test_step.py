"""Each state of a step, and the records that lead to it."""

import asyncio
from types import SimpleNamespace

import pytest
from records import desired, locked

from fbsync.execution.body import body
from fbsync.execution.step import Step, StepState
from fbsync.model.changes import Create, Delete
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Result
from fbsync.model.server_error import Failure, ServerError


class Ledger:
    """A ledger that keeps its records in a list; ``broken`` names what it cannot record."""

    def __init__(self, broken=()):
        self.told = []
        self.broken = broken

    def claims(self, identity):
        return ()

    async def intend(self):
        self._note("intend")
        return 7

    def sending(self, number):
        self._note("sending", number)

    async def not_done(self, number):
        self._note("not_done", number)

    def _note(self, *what):
        self.told.append(what)
        if what[0] in self.broken:
            raise FbsyncError("the disk is full")


def taken(answer, *, change=None, broken=()):
    """Take a step against a server that behaves as ``answer`` says; return it with the ledger's records."""

    async def call(*_, **__):
        return answer() if callable(answer) else answer

    ledger = Ledger(broken)
    change = change or Create(desired=desired("A"))
    server, creator = SimpleNamespace(delete_llm=call, update_llm=call), SimpleNamespace(create=call)
    step = Step(change, body(change), server=server, creator=creator, ledger=ledger)
    asyncio.run(step.run(ledger.intend))
    return step, [what for what, *_ in ledger.told]


def failing(failure, status=None):
    def fail():
        raise ServerError("no", hint="", failure=failure, status=status)

    return fail


def test_done():
    step, told = taken("id-A")
    assert (step.state, step.llm_id, told) == (StepState.DONE, "id-A", ["intend", "sending"])
    assert (step.outcome.result, step.ends_run) == (Result.CREATED, None)


@pytest.mark.parametrize("failure", sorted(set(Failure) - {Failure.UNKNOWN}))
def test_refused_is_recorded_as_not_done(failure):
    step, told = taken(failing(failure))
    assert (step.state, told) == (StepState.REFUSED, ["intend", "sending", "not_done"])
    assert step.outcome.result is Result.FAILED


def test_unknown_leaves_the_intent_open():
    step, told = taken(failing(Failure.UNKNOWN))
    assert (step.state, told) == (StepState.UNKNOWN, ["intend", "sending"])
    assert step.outcome.result is Result.UNKNOWN


@pytest.mark.parametrize("broken", ["intend", "sending"])
def test_what_cannot_be_recorded_is_not_sent(broken):
    sent = []
    step, _ = taken(lambda: sent.append(1), broken=(broken,))
    assert (step.state, sent) == (StepState.NOT_SENT, [])
    assert step.outcome.result is Result.NOT_ATTEMPTED
    assert step.ends_run is step.error


def test_a_refusal_that_cannot_be_recorded_is_a_refusal_and_ends_the_run():
    step, _ = taken(failing(Failure.REJECTED), broken=("not_done",))
    assert step.outcome.result is Result.FAILED
    assert str(step.ends_run) == "the disk is full"


@pytest.mark.parametrize(("failure", "status"), [(Failure.NOT_SIGNED_IN, None), (Failure.UNKNOWN, 401)])
def test_nobody_signed_in_ends_the_run(failure, status):
    step, _ = taken(failing(failure, status))
    assert step.ends_run is step.error


def test_a_deletion_of_what_the_server_says_is_not_there_is_done():
    step, told = taken(failing(Failure.NOT_FOUND), change=Delete(locked=locked("A")))
    assert (step.state, told) == (StepState.DONE, ["intend", "sending"])


@pytest.mark.parametrize("error", [ValueError("canary-secret"), KeyError("canary-secret"), RecursionError()])
def test_a_fault_of_fbsync_is_the_entrys_and_shows_no_value(error):
    def fault():
        raise error

    step, _ = taken(fault)
    assert (step.state, step.outcome.result, step.ends_run) == (StepState.UNKNOWN, Result.UNKNOWN, None)
    assert "fbsync itself failed in fbsync.execution.step" in step.error.message
    assert type(error).__name__ in step.error.message
    assert "canary" not in step.error.message + step.error.hint


def test_a_cut_off_request_may_have_been_carried_out():
    async def run():
        ledger, sent = Ledger(), asyncio.Event()

        async def create(*_, **__):
            sent.set()
            await asyncio.Event().wait()

        change = Create(desired=desired("A"))
        step = Step(change, body(change), server=None, creator=SimpleNamespace(create=create), ledger=ledger)
        task = asyncio.create_task(step.run(ledger.intend))
        await sent.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return step, ledger

    step, ledger = asyncio.run(run())
    assert (step.state, ledger.told[-1]) == (StepState.UNKNOWN, ("sending", 7))
    assert "interrupted" in step.error.message


def test_a_step_that_is_cut_off_before_its_intent_was_not_sent():
    async def run():
        change = Create(desired=desired("A"))
        step = Step(change, body(change), server=None, creator=None, ledger=Ledger())
        task = asyncio.create_task(step.run(asyncio.Event().wait))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return step

    assert asyncio.run(run()).state is StepState.PLANNED
