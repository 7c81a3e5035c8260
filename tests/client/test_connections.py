"""Connections are reused while they work, and failures say why."""

import asyncio
import socket

import pytest

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Listener:
    """A server that counts connections, and answers each request when the test says so."""

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


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 408 Too Slow\r\nContent-Length: 2\r\n\r\n{}"], ids=["end", "answer"])
def test_what_a_server_says_unasked_is_no_answer_to_the_next_request(library, said):
    async def run():
        connections, seen = None, []

        async def serve(reader, writer):
            seen.append(writer)
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
            if len(seen) == 1:
                await first_is_read.wait()
                writer.write(said)
            writer.close()

        first_is_read = asyncio.Event()
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            connections = library("fbsync.client.transport").Connections(url, timeout=5.0, ca_file=None)
            statuses = [(await connections.send("GET", "/x", headers={}, limit=1000)).status]
            first_is_read.set()
            await seen[0].wait_closed()
            statuses.append((await connections.send("GET", "/x", headers={}, limit=1000)).status)
            await connections.aclose()
        assert (statuses, len(seen)) == ([200, 200], 2)

    asyncio.run(run())


class TwoAddresses(asyncio.SelectorEventLoop):
    """A host has two addresses."""

    async def getaddrinfo(self, host, port, **_):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("127.0.0.1", "127.0.0.2")]


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, TwoAddresses], ids=["one", "two"])
def test_a_refusal_is_known_as_one_however_many_addresses_a_host_has(library, loop):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        sockets = library("fbsync.client.sockets")
        core = library("fbsync.client.library").httpcore
        with asyncio.Runner(loop_factory=loop) as runner, pytest.raises(core.ConnectError) as refused:
            runner.run(sockets.Sockets().connect_tcp("somewhere.test" if loop is TwoAddresses else "127.0.0.1", port))
    assert isinstance(refused.value.__cause__, ConnectionRefusedError)


def test_what_comes_before_tls_is_not_taken_for_a_part_of_it(library):
    """Somebody on the way could insert an answer before TLS starts."""

    async def run():
        core = library("fbsync.client.library").httpcore

        async def serve(reader, writer):
            writer.write(ANSWER)
            await reader.read()
            writer.close()
            ended.set()

        ended = asyncio.Event()
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            stream = await library("fbsync.client.sockets").Sockets().connect_tcp("127.0.0.1", port)
            assert await stream.read(1) == ANSWER[:1]
            with pytest.raises(core.ConnectError):
                await stream.start_tls(library("fbsync.client.trust").untrusting(), "localhost")
            await ended.wait()

    asyncio.run(run())
