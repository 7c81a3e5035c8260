"""The stores that the conformance suite runs on: those of the tests, git, and object stores where they can be had."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from git_over_http import serving
from store_doubles import FolderStore, MemoryStore

from fbsync.stores.address import parse_address
from fbsync.stores.git import Description, GitRef
from fbsync.stores.git_program import scratch_git
from fbsync.stores.open import opened

PACKAGE = Path(__file__).parent
_keys = count(1)
KINDS = ("memory", "folder", "git", "git over http", "s3", "azure")
INCREMENTS = {"git": 3, "git over http": 2}
"""Of each of eight writers, where 25 would take minutes; the thorough tests do them all."""


def pytest_addoption(parser):
    parser.addoption("--store", metavar="ADDRESS", help="run the conformance suite on this store only")


def pytest_generate_tests(metafunc):
    if "place" in metafunc.fixturenames:
        address = metafunc.config.getoption("--store", default=None)
        metafunc.parametrize("place", (address,) if address else KINDS, indirect=True)


def closed(_data):
    return Description(subject="Written by a test", is_closed=True)


def git(*arguments, cwd=None):
    return subprocess.run(["git", *map(str, arguments)], cwd=cwd, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def bare(tmp_path):
    folder = tmp_path / "served" / "remote.git"
    git("init", "--quiet", "--bare", folder)
    git("config", "http.receivepack", "true", cwd=folder)
    return folder


@contextmanager
def _refs(remote, folder, settings=()):
    """Each store of a key has a scratch repository of its own, as each process would."""
    from contextlib import ExitStack

    environ = {**os.environ, "GIT_CONFIG_COUNT": str(len(settings))}
    for at, (name, value) in enumerate(settings):
        environ |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    with ExitStack() as stack:

        def store(key):
            scratch = stack.enter_context(scratch_git(folder, environ))
            return GitRef(scratch, remote=remote, ref=f"refs/fbsync/state/{key}", describe=closed)

        yield store


@pytest.fixture(scope="session")
def moto_url():
    pytest.importorskip("moto.server", reason="the package moto[server] is not installed")
    pytest.importorskip("obstore", reason="the package obstore is not installed")
    with _served([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p"]) as url:
        urllib.request.urlopen(urllib.request.Request(f"{url}/conformance", method="PUT")).close()
        yield url


@pytest.fixture(scope="session")
def azurite_url(tmp_path_factory):
    pytest.importorskip("obstore", reason="the package obstore is not installed")
    program = shutil.which("azurite-blob") or _azurite_installed(tmp_path_factory.mktemp("azurite-program"))
    options = ("--inMemoryPersistence", "--silent", "--skipApiVersionCheck", "--disableTelemetry")
    argv = [str(program), *options, "--blobHost", "127.0.0.1", "--blobPort"]
    with _served(argv, cwd=tmp_path_factory.mktemp("azurite")) as url:
        yield url


def _azurite_installed(folder):
    """Azurite's program, installed from the registry as package-lock.json pins it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(PACKAGE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        assert any(
            word in done.stderr for word in ("ENOTFOUND", "ETIMEDOUT", "ECONNREFUSED", "EAI_AGAIN", "network")
        ), done.stderr
        pytest.skip("npm's registry cannot be reached")
    return folder / "node_modules" / ".bin" / "azurite-blob"


@contextmanager
def _served(argv, cwd=None):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([*argv, str(port)], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/").close()
            except urllib.error.HTTPError as error:
                error.close()
                break
            except OSError:
                time.sleep(0.05)
            else:
                break
        else:
            pytest.skip(f"{argv[0]} does not start here")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(params=["short", pytest.param("whole", marks=pytest.mark.thorough)])
def increments(request):
    kind = request.node.callspec.params["place"]
    return INCREMENTS.get(kind, 25) if request.param == "short" else 25


@pytest.fixture
def place(request, tmp_path, bare):
    """A function that opens the object of a key; two calls with one key are two clients."""
    kind = request.param
    match kind:
        case "memory":
            stores = {}
            yield lambda key: stores.setdefault(key, MemoryStore())
        case "folder":
            yield lambda key: FolderStore(tmp_path / key)
        case "git":
            with _refs(str(bare), tmp_path) as store:
                yield store
        case "git over http":
            import base64

            with serving(bare.parent, user="x", password="a-password") as url:
                header = "Authorization: Basic " + base64.b64encode(b"x:a-password").decode()
                with _refs(f"{url}/remote.git", tmp_path, [(f"http.{url}/.extraheader", header)]) as store:
                    yield store
        case "s3":
            environ = {
                "AWS_ENDPOINT_URL": request.getfixturevalue("moto_url"),
                "AWS_ALLOW_HTTP": "true",
                "AWS_ACCESS_KEY_ID": "an-id",
                "AWS_SECRET_ACCESS_KEY": "a-secret",
                "AWS_REGION": "us-east-1",
            }
            yield from _bucket(request, tmp_path, "s3://conformance/some/prefix", environ)
        case "azure":
            environ = {
                "AZURITE_BLOB_STORAGE_URL": request.getfixturevalue("azurite_url"),
                "AZURE_STORAGE_USE_EMULATOR": "true",
                "AZURE_ALLOW_HTTP": "true",
            }
            _make_container(environ["AZURITE_BLOB_STORAGE_URL"])
            yield from _bucket(request, tmp_path, "az://devstoreaccount1/conformance/some/prefix", environ)
        case _:
            yield from _bucket(request, tmp_path, kind, {})


def _bucket(request, folder, address, environ):
    """obstore reads the process's own environment."""
    monkeypatch = request.getfixturevalue("monkeypatch")
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    run = f"conformance-{os.getpid()}-{next(_keys)}"
    with opened(parse_address(address), folder=folder, environ=os.environ) as place:
        yield lambda key: place.store(f"{run}-{key}")


def _make_container(url):
    """Sign as the documentation of Azure's Shared Key says, with the emulator's published key."""
    import base64
    import hashlib
    import hmac
    from email.utils import formatdate

    account = "devstoreaccount1"
    key = base64.b64decode("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==")
    headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": "2021-08-06"}
    lines = [*(f"{name}:{value}" for name, value in headers.items()), f"/{account}/{account}/conformance"]
    text = "PUT" + "\n" * 12 + "\n".join([*lines, "restype:container"])
    signature = base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()
    signed = {**headers, "Authorization": f"SharedKey {account}:{signature}", "Content-Length": "0"}
    asked = urllib.request.Request(f"{url}/{account}/conformance?restype=container", method="PUT", headers=signed)
    try:
        urllib.request.urlopen(asked).close()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != 409:  # there already
            raise
