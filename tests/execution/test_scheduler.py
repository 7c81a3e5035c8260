"""Which change may start, in which order, and when no more may start."""

import asyncio

import pytest
from records import desired, locked, text

from fbsync.execution.ports import Stop
from fbsync.execution.queue import Queue
from fbsync.execution.scheduler import Scheduler
from fbsync.model.changes import Cause, Create, Delete, FieldChange, Update
from fbsync.model.configurations import Field
from fbsync.model.errors import FbsyncError
from fbsync.model.outcomes import Outcome, Result


def scheduler(*changes, stop=None, ahead=None):
    async def number(at):
        return at

    def intend(at):
        begun.append(at)
        return asyncio.ensure_future(number(at))

    begun = [] if ahead is None else ahead
    return Scheduler(changes, stop=stop or Stop(), most=2, intend=intend)


def renamed(before, after):
    name = FieldChange(field=Field.NAME, before=before, after=text(after), known=before, cause=Cause.MANIFEST)
    return Update(desired=desired(after), locked=locked(before), fields=(name,), credentials=())


def outcome(change, result):
    return Outcome(change=change, result=result)


def test_changes_come_in_order_and_intents_a_few_ahead():
    async def run():
        ahead = []
        queue = scheduler(*(Create(desired=desired(name)) for name in "ABCDE"), ahead=ahead)
        taken = [queue.take()]
        assert ahead == [0, 1, 2]
        taken += [queue.take() for _ in range(5)]
        assert taken == [0, 1, 2, 3, 4, None]
        assert len(queue.unsent()) == 5

    asyncio.run(run())


@pytest.mark.parametrize(("widens", "ahead"), [(True, [0, 1, 2, 3, 4, 5]), (False, [0, 1, 2, 3])])
def test_more_intents_are_ahead_once_a_change_waits_for_its_own(widens, ahead):
    async def run():
        intents = {}

        def intend(at):
            intents[at] = asyncio.get_running_loop().create_future()
            return intents[at]

        queue = Queue(range(20), most=2, intend=intend, widens=widens)
        waiting = asyncio.create_task(queue.intended(queue.take(), None))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert queue.take() == 1
        assert list(intents) == ahead
        # Another wait, for an intent from before that, does not widen the lead again.
        another = asyncio.create_task(queue.intended(1, None))
        await asyncio.sleep(0)
        assert queue.take() == 2
        assert list(intents) == [*ahead, len(ahead)]
        for at in (0, 1):
            intents[at].set_result(at)
        assert [await waiting, await another] == [0, 1]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("result", "obstacle"),
    [(Result.DELETED, None), (Result.FAILED, "still held by"), (Result.UNKNOWN, "still held by")],
)
def test_a_name_is_claimed_when_it_is_free(result, obstacle):
    async def run():
        delete, create = Delete(locked=locked("A")), Create(desired=desired("A"))
        queue = scheduler(create, delete)
        assert [queue.take(), queue.take()] == [1, 0]
        waiting = asyncio.create_task(queue.obstacle(0))
        await asyncio.sleep(0)
        assert not waiting.done()
        queue.settle(1, outcome(delete, result))
        reason = await waiting
        assert (reason is None) if obstacle is None else (obstacle in str(reason))

    asyncio.run(run())


def test_one_of_two_that_swap_names_goes_aside():
    async def run():
        swap = renamed("A", "B"), renamed("B", "A")
        queue = scheduler(*swap)
        first, second = queue.take(), queue.take()
        assert [queue.goes_aside(first), queue.goes_aside(second)] == [True, False]
        assert await queue.obstacle(first) is None
        queue.went_aside(first)
        assert await queue.obstacle(second) is None
        queue.settle(second, outcome(swap[second], Result.UPDATED))
        assert queue.take() == first
        assert not queue.goes_aside(first)
        assert await queue.obstacle(first) is None

    asyncio.run(run())


def test_nothing_starts_once_the_run_is_to_stop():
    async def run():
        stop, ahead = Stop(), []
        queue = scheduler(Create(desired=desired("A")), stop=stop, ahead=ahead)
        stop.request(FbsyncError("enough"))
        at = queue.take()
        assert (str(await queue.obstacle(at)), ahead) == ("enough", [])
        (only,) = queue.outcomes()
        assert (only.result, str(only.error)) == (Result.NOT_ATTEMPTED, "enough")

    asyncio.run(run())
