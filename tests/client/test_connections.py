import asyncio

import pytest

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Listener:
    """A server that counts connections, and answers each request when it is let."""

    def __init__(self):
        self.connections = 0
        self._serving = []
        self.has_three = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.may_answer.set()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader, writer):
        self.connections += 1
        self._serving.append(asyncio.current_task())
        if self.connections == 3:
            self.has_three.set()
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                await self.may_answer.wait()
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()
            await writer.wait_closed()


def run(library, scenario, *, timeout=5.0):
    async def within():
        async with Listener() as server:
            connections = library("fbsync.client.transport").Connections(server.url, timeout=timeout, ca_file=None)
            try:
                await scenario(server, connections)
            finally:
                await connections.aclose()

    asyncio.run(within())


async def get(server, connections):
    return (await connections.send("GET", "/workspace", headers={}, limit=1000)).status


def test_a_connection_that_is_free_is_used_again(library):
    async def scenario(server, connections):
        assert [await get(server, connections) for _ in range(5)] == [200] * 5
        assert server.connections == 1

    run(library, scenario)


def test_there_are_as_many_as_requests_under_way(library):
    async def scenario(server, connections):
        server.may_answer.clear()
        under_way = [asyncio.create_task(get(server, connections)) for _ in range(3)]
        await server.has_three.wait()
        server.may_answer.set()
        assert await asyncio.gather(*under_way) == [200] * 3
        assert await asyncio.gather(*(get(server, connections) for _ in range(3))) == [200] * 3
        assert server.connections == 3

    run(library, scenario)


def test_one_whose_request_was_given_up_is_not_left_in_the_middle_of_it(library):
    async def scenario(server, connections):
        server.may_answer.clear()
        with pytest.raises(TimeoutError):
            await get(server, connections)
        server.may_answer.set()
        assert await get(server, connections) == 200
        assert server.connections == 2

    run(library, scenario, timeout=0.3)
