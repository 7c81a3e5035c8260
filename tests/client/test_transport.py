"""An exchange has limits in time and size, whatever the server does, with each HTTP library."""

import asyncio
import gzip
import os
import ssl
import zlib

import pytest
from raw_server import head, raw_server, whole

BODY = b'{"success": true}'


def exchange(library, script, *, timeout=20.0, limit=1000, before=lambda connections: None):
    """The result of one exchange, and the server."""

    async def run():
        transport = library("fbsync.client.transport")
        async with raw_server(script) as server:
            connections = transport.Connections(server.url, timeout=timeout, ca_file=None)
            before(connections)
            try:
                return await connections.send("GET", "/x", headers={"A": "b"}, limit=limit), server
            finally:
                await connections.aclose()

    return asyncio.run(run())


def answering(*pieces):
    async def script(line, headers, body):
        for piece in pieces:
            yield piece

    return script


def test_an_answer_comes_as_it_is(library):
    response, server = exchange(library, answering(whole(BODY, 201, Retry_After="²")))
    assert (response.status, response.body, response.flaw) == (201, BODY, None)
    assert (response.headers["retry-after"], response.tls) == ("²", None)
    (line, headers, body), *_ = server.requests
    assert (line, headers["a"], headers["accept-encoding"], body) == ("GET /x HTTP/1.1", "b", "gzip", b"")
    assert headers["user-agent"].startswith("fbsync/")


def drip(first):
    async def script(line, headers, body):
        yield first
        while True:
            await asyncio.sleep(0.02)
            yield b" "

    return script


DRIPS = {
    "body": head(200, length=10_000),
    "chunked": head(200, Transfer_Encoding="chunked"),
    "headers": b"HTTP/1.1 200 OK\r\nA: ",
    "nothing": b"",
}


@pytest.mark.parametrize("first", ["body", "headers"])
def test_the_time_is_for_the_whole_exchange(library, first):
    """Each byte follows soon after the one before it, so only a limit for the whole exchange can end this."""
    with pytest.raises(TimeoutError):
        exchange(library, drip(DRIPS[first]), timeout=0.3)


def test_a_server_that_takes_nothing_in_is_waited_for_no_longer(library):
    async def run():
        transport = library("fbsync.client.transport")
        full = asyncio.Event()

        async def serve(reader, writer):
            await full.wait()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        connections = transport.Connections(url, timeout=0.3, ca_file=None)
        try:
            with pytest.raises(TimeoutError):
                await connections.send("POST", "/x", headers={}, body=b"x" * 50_000_000, limit=10)
        finally:
            full.set()
            await connections.aclose()
            server.close()

    asyncio.run(run())


def test_a_body_without_end_is_read_up_to_the_limit(library):
    async def endless(line, headers, body):
        yield head(200, Transfer_Encoding="chunked")
        while True:
            yield b"3e8\r\n" + b"x" * 1000 + b"\r\n"

    response, _ = exchange(library, endless, limit=100_000)
    assert response.body == b""
    assert response.flaw.startswith("of more than")


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress], ids=["gzip", "deflate"])
def test_what_is_compressed_is_read(library, compress):
    encoding = "gzip" if compress is gzip.compress else "deflate"
    response, _ = exchange(library, answering(whole(compress(BODY), Content_Encoding=encoding)))
    assert (response.body, response.flaw) == (BODY, None)


def test_a_gzip_bomb_does_not_unfold(library):
    """10 MB decode to 10 GB. The client must not decode more than its limit."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    megabyte = b"\0" * 1_000_000
    bomb = b"".join(packer.compress(megabyte) for _ in range(200)) + packer.flush()
    seen = []

    class Counting:
        def __init__(self, inner):
            self.inner = inner

        def decompress(self, data, most):
            got = self.inner.decompress(data, most)
            seen.append(len(got))
            return got

        @property
        def eof(self):
            return self.inner.eof

    transport = library("fbsync.client.transport")
    real = transport.zlib.decompressobj
    transport.zlib = type("Zlib", (), {"decompressobj": lambda bits: Counting(real(bits)), "error": zlib.error})
    response, _ = exchange(library, answering(whole(bomb, Content_Encoding="gzip")), limit=50_000)
    assert (response.body, sum(seen)) == (b"", 50_001)
    assert response.flaw.startswith("of more than")


@pytest.mark.parametrize(
    ("encoding", "data"),
    [("gzip", BODY), ("gzip", gzip.compress(BODY)[:-9]), ("br", BODY), ("gzip, gzip", BODY), ("zstd", b"")],
    ids=["not-gzip", "cut", "br", "twice", "zstd"],
)
def test_what_cannot_be_decoded_is_a_flaw_and_no_crash(library, encoding, data):
    response, _ = exchange(library, answering(whole(data, Content_Encoding=encoding)))
    assert (response.body, bool(response.flaw)) == (b"", True)


NO_ANSWERS = [b"", b"rubbish\r\n\r\n", head(200, length=50) + b"torn", b"HTTP/1.1 200 OK\r\n\0:\r\n\r\n"]


@pytest.mark.parametrize("data", NO_ANSWERS)
def test_what_is_no_answer_is_a_failure_that_is_known(library, data):
    failures = library("fbsync.client.failures")

    async def broken(line, headers, body):
        yield data
        raise ConnectionError

    with pytest.raises(failures.EXCHANGE_ERRORS) as caught:
        exchange(library, broken, timeout=5.0)
    assert not isinstance(caught.value, failures.NOT_SENT)


def test_keys_of_connections_are_written_nowhere(library, tmp_path, monkeypatch):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "no" / "such" / "folder"))
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    context = library("fbsync.client.trust").trusted(None)
    assert context.keylog_filename is None
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.get_ca_certs()
    assert os.environ["SSLKEYLOGFILE"]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_the_library_reads_no_proxy_of_its_own(library, monkeypatch, variable):
    monkeypatch.setenv(variable, "http://127.0.0.1:9")
    response, _ = exchange(library, answering(whole(BODY)))
    assert response.body == BODY
