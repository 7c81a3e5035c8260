"""The wire against servers that answer in every way there is: whole answers are read, anything else is an exception."""

import asyncio
import gzip
import socket
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from fbsync.client.wire import Wire

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSING = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Server:
    """Answers each request with the next of some bytes; None closes the connection instead, "..." says nothing."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.connections = 0
        self.tasks = []
        self.asked = asyncio.Event()

    async def ended(self):
        await asyncio.gather(*self.tasks)

    async def serve(self, reader, writer):
        self.connections += 1
        self.tasks.append(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next((int(line[15:]) for line in head.split(b"\r\n") if line[:15] == b"Content-Length:"), 0)
                self.requests.append(head + await reader.readexactly(length))
                self.asked.set()
                answer = self.answers.pop(0)
                if answer == "...":
                    await reader.read()
                    return
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if answer == CLOSING or b"Content-Length" not in answer.split(b"\r\n\r\n")[0]:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@asynccontextmanager
async def client_of(*answers, connections=2, seconds=5.0):
    server = Server(*answers)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient(transport=Wire(connections), base_url=base, timeout=seconds) as client:
            yield client, server
    finally:
        listener.close()
        await server.ended()


def answer_to(*answers, **how):
    """What the first of the answers is read as."""

    async def ask():
        async with client_of(*answers, **how) as (client, _):
            return await client.post("/ai/llm", content=b'{"a":1}')

    return asyncio.run(ask())


def test_a_request_is_sent_as_it_is():
    async def ask():
        async with client_of(OK) as (client, server):
            await client.post("/ai/llm?x=1", content=b'{"a":1}', headers={"Authorization": "Bearer t"})
            return server.requests

    [request] = asyncio.run(ask())
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /ai/llm?x=1 HTTP/1.1\r\n")
    assert b"\r\nAuthorization: Bearer t" in head
    assert body == b'{"a":1}'


@pytest.mark.parametrize(
    ("answer", "content"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", b"until the end"),
        (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n", b"okay!"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", b"zipped"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b""),
    ],
)
def test_whole_answers_are_read(answer, content):
    if b"gzip" in answer:
        packed = gzip.compress(content)
        answer %= (len(packed), packed)
    assert answer_to(answer).content == content


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Type: applica",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000,
    ],
    ids=["nothing", "cut", "cut chunk", "cut head", "no length", "no HTTP", "endless head"],
)
def test_anything_less_is_a_failure_after_the_request(answer):
    closing = answer if answer is None else answer.replace(b"Content-Length: 9", b"content-length: 9")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        answer_to(closing)


def test_an_answer_that_does_not_come_is_waited_for_only_so_long():
    with pytest.raises(httpx.ReadTimeout):
        answer_to("...", seconds=0.05)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_nobody_there_is_a_refused_connection(host):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    async def ask():
        async with httpx.AsyncClient(transport=Wire(1)) as client:
            await client.get(f"http://{host}:{port}/")

    with pytest.raises(httpx.ConnectError) as caught:
        asyncio.run(ask())
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_no_http_is_spoken_with_a_header_that_cannot_be():
    async def ask():
        async with client_of(OK) as (client, server):
            with pytest.raises(httpx.LocalProtocolError):
                await client.get("/", headers={"X": "a\nb"})
            return server.requests

    assert asyncio.run(ask()) == []


def connections_for(*answers, between=lambda: None):
    """How many connections two requests take, one after the other."""

    async def ask():
        async with client_of(*answers) as (client, server):
            assert (await client.get("/")).content == b"ok"
            between()
            assert (await client.get("/")).content == b"ok"
            return server.connections

    return asyncio.run(ask())


def test_a_connection_is_used_again():
    assert connections_for(OK, OK) == 1


def test_one_that_the_server_closes_is_not():
    assert connections_for(CLOSING, OK) == 2


def test_what_comes_behind_an_answer_is_no_answer_to_the_next_request():
    assert connections_for(OK + OK.replace(b"ok", b"no"), OK) == 2


def test_a_connection_that_was_closed_while_nobody_looked_is_not_used_again():
    """As while a question is asked, and the event loop does not run."""

    async def ask():
        async with client_of(OK, OK) as (client, server):
            await client.get("/")
            [connection] = client._transport._idle
            connection._transport.get_extra_info("socket")._sock.shutdown(socket.SHUT_RD)
            assert not connection.is_quiet
            assert (await client.get("/")).content == b"ok"
            return server.connections

    assert asyncio.run(ask()) == 2


def test_there_are_only_so_many_connections_at_a_time():
    async def ask():
        async with client_of(*[OK] * 9, connections=3) as (client, server):
            await asyncio.gather(*(client.get("/") for _ in range(9)))
            return server.connections

    assert asyncio.run(ask()) <= 3


def test_a_request_that_is_cut_off_leaves_no_connection_behind():
    async def ask():
        async with client_of("...", OK) as (client, server):
            asked = asyncio.create_task(client.get("/"))
            await server.asked.wait()
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            assert client._transport._idle == []
            assert (await client.get("/")).content == b"ok"

    asyncio.run(ask())
