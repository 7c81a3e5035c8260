"""Retries: what is sent again, how fast, and what a failure means once one attempt's outcome is unknown."""

import asyncio
from types import SimpleNamespace

import pytest

from fbsync.execution.ports import Stop
from fbsync.execution.retry import Pace, Retrying
from fbsync.model.errors import FbsyncError
from fbsync.model.server_error import Failure, ServerError


class Clock:
    def __init__(self):
        self.time = 0.0
        self.slept = []

    def now(self):
        return self.time

    def chance(self):
        return 1.0

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


def error(failure, status=None, **more):
    return ServerError(f"{failure} {status}", hint="as it was", failure=failure, status=status, **more)


UNKNOWN = error(Failure.UNKNOWN, 502)
REFUSED = error(Failure.REJECTED, 400)
DENIED = error(Failure.NOT_ALLOWED, 403)
THROTTLED = error(Failure.THROTTLED, 429)
SIGNED_OUT = error(Failure.NOT_SIGNED_IN, 401)
UNREACHABLE = error(Failure.UNREACHABLE)
PAGE = error(Failure.UNKNOWN, 200, is_transient=False)

CALLS = {
    "create": lambda server: server.create_llm({}),
    "update": lambda server: server.update_llm("id", {}),
    "delete": lambda server: server.delete_llm("id"),
    "list": lambda server: server.list_llms("ws"),
}


def called(call, *answers, timeout=60.0, clock=None, stop=None):
    """The result of a call whose attempts get these answers in turn, and the number of attempts."""
    left, clock = list(answers), clock or Clock()

    async def answer(*_):
        one = left.pop(0) if len(left) > 1 else left[0]
        made.append(one)
        if isinstance(one, ServerError):
            raise one
        return one

    made = []
    server = SimpleNamespace(create_llm=answer, update_llm=answer, delete_llm=answer, list_llms=answer)

    async def run():
        retrying = Retrying(server, clock=clock, stop=stop or Stop(), parallelism=4, timeout=timeout)
        try:
            return await CALLS[call](retrying)
        except ServerError as failed:
            return failed

    return asyncio.run(run()), len(made)


@pytest.mark.parametrize("call", ["update", "delete"])
@pytest.mark.parametrize("last", [REFUSED, DENIED, THROTTLED, SIGNED_OUT, UNREACHABLE], ids=str)
@pytest.mark.parametrize("between", [(), (THROTTLED,), (UNREACHABLE, UNKNOWN)], ids=len)
def test_once_one_attempt_is_of_unknown_outcome_so_is_the_request(call, between, last):
    failed, _ = called(call, UNKNOWN, *between, last, timeout=30.0)
    assert (failed.failure, failed.status) == (Failure.UNKNOWN, last.status)
    assert "fbsync apply" in failed.hint


@pytest.mark.parametrize("call", ["update", "delete"])
def test_success_after_an_unknown_outcome_is_success(call):
    assert called(call, UNKNOWN, THROTTLED, None) == (None, 3)


@pytest.mark.parametrize("last", [REFUSED, DENIED])
def test_a_refusal_is_one_where_nothing_is_in_doubt(last):
    assert called("update", THROTTLED, UNREACHABLE, last) == (last, 3)
    assert called("list", UNKNOWN, last) == (last, 2)


def test_a_creation_of_unknown_outcome_is_never_sent_again():
    assert called("create", UNKNOWN, "id") == (UNKNOWN, 1)
    assert called("create", THROTTLED, UNREACHABLE, "id") == ("id", 3)


@pytest.mark.parametrize("call", sorted(CALLS))
def test_what_does_not_pass_is_not_tried_again(call):
    assert called(call, PAGE, "id") == (PAGE, 1)
    malformed = error(Failure.MALFORMED, 200, is_transient=False)
    assert called(call, malformed, "id") == (malformed, 1)


def test_a_run_that_is_to_stop_waits_for_nothing_and_keeps_what_is_in_doubt():
    stop = Stop()
    stop.request(FbsyncError("enough"))
    assert called("update", UNKNOWN, "id", stop=stop) == (UNKNOWN, 1)


def test_no_longer_than_the_time_for_it():
    clock = Clock()
    failed, attempts = called("update", THROTTLED, timeout=10.0, clock=clock)
    assert failed is THROTTLED
    assert clock.time <= 10.0
    assert attempts > 2


@pytest.mark.parametrize("after", [THROTTLED, error(Failure.UNKNOWN, 503), error(Failure.UNKNOWN, 429)], ids=str)
def test_a_busy_server_gets_fewer_requests_at_a_time(after):
    async def run():
        pace = Pace(8, Clock())
        for _ in range(2):
            with pytest.raises(ServerError):
                async with pace:
                    raise after
        return pace.limit

    assert asyncio.run(run()) == 2


def test_what_went_wrong_otherwise_does_not_slow_the_pace():
    async def run():
        pace = Pace(8, Clock())
        with pytest.raises(ServerError):
            async with pace:
                raise UNKNOWN
        return pace.limit

    assert asyncio.run(run()) == 8
