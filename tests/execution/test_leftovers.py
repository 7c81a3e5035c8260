"""Temporary configurations of an earlier run: the next run deletes them, and nothing else."""

import asyncio

from fake_server import FakeServer, Row

from fbsync.execution.leftovers import remove_leftovers
from fbsync.execution.ports import Stop
from fbsync.model.configurations import Identity
from fbsync.model.errors import FbsyncError
from fbsync.model.server_error import Failure, ServerError
from fbsync.model.temporary import Leftover

NAME = "fbsync-temporary-0123456789abcdef"


class Ledger:
    def __init__(self, error=None):
        self.told = []
        self.error = error

    async def removed(self, identity):
        self.told.append(identity.name)
        if self.error is not None:
            raise self.error


def holding(name, workspace="ws"):
    server = FakeServer()
    llm_id = server.add(Row(workspace=workspace, name=name, ai_type="OPENAI", endpoint="https://a.net", secret="a"))
    return server, llm_id


def removed(server, *ids, is_listed=True, ledger=None, stop=None):
    leftover = Leftover(identity=Identity(workspace_id="ws", name=NAME), ids=ids, is_listed=is_listed)
    ledger = ledger or Ledger()
    (removal,) = asyncio.run(remove_leftovers([leftover], server=server, ledger=ledger, stop=stop or Stop(), grace=1.0))
    return removal.error, ledger.told


def test_it_is_deleted_and_its_end_recorded():
    server, llm_id = holding(NAME)
    assert removed(server, llm_id) == (None, [NAME])
    assert server.rows == {}


def test_one_that_is_gone_is_recorded_too():
    assert removed(FakeServer(), "id-9", is_listed=False) == (None, [NAME])


def test_a_recorded_id_that_is_listed_elsewhere_as_something_else_is_left_alone():
    server, llm_id = holding("theirs", "ws-another")
    assert removed(server, llm_id, is_listed=False) == (None, [NAME])
    assert list(server.rows) == [llm_id]


def test_a_recorded_id_is_enough_only_where_the_server_has_no_list():
    for status, by_api, left in ((405, True, False), (404, False, True), (500, True, True)):
        server, llm_id = holding(NAME)

        async def no_list(workspace_id, status=status, by_api=by_api):
            raise ServerError("no", hint="", failure=Failure.REJECTED, status=status, by_api=by_api)

        server.list_llms = no_list
        error, told = removed(server, llm_id, is_listed=False)
        assert (error is not None, llm_id in server.rows, told) == (left, left, [] if left else [NAME])


def test_one_that_cannot_be_deleted_stays_recorded():
    server, llm_id = holding(NAME)

    async def refuse(llm_id):
        raise ServerError("no", hint="", failure=Failure.NOT_ALLOWED, status=403)

    server.delete_llm = refuse
    error, told = removed(server, llm_id)
    assert (error.status, told) == (403, [])


def test_a_ledger_that_cannot_be_written_stops_the_run():
    server, llm_id = holding(NAME)
    stop, full = Stop(), FbsyncError("the disk is full")
    error, _ = removed(server, llm_id, ledger=Ledger(full), stop=stop)
    assert error is stop.reason is full


def test_an_interrupt_is_not_waited_out():
    server, llm_id = holding(NAME)

    async def never(llm_id):
        await asyncio.Event().wait()

    server.delete_llm = never
    stop = Stop()
    stop.request(FbsyncError("interrupted"))
    leftover = Leftover(identity=Identity(workspace_id="ws", name=NAME), ids=(llm_id,), is_listed=True)
    (removal,) = asyncio.run(remove_leftovers([leftover], server=server, ledger=Ledger(), stop=stop, grace=0.0))
    assert removal.error is stop.reason
