"""The stores of the conformance suite: the tests' own, git, and object stores if they can be installed."""

import os
import subprocess
from contextlib import contextmanager
from itertools import count

import pytest
from git_over_http import serving
from object_stores import azurite_server, moto_server
from selection import few_of, few_where
from store_doubles import FolderStore, MemoryStore

from fbsync.stores.address import parse_address
from fbsync.stores.git import Description, GitRef
from fbsync.stores.git_program import scratch_git
from fbsync.stores.open import opened

__all__ = ["azurite_server", "moto_server"]

_keys = count(1)
KINDS = ("memory", "folder", "git", "git over http", "s3", "azure")
QUICK = ("memory", "folder", "git", "git over http", "s3")
"""Without Azurite, which the tests must first install from its registry."""
MANY = 25
"""How often each of eight writers increments. Some stores take minutes for that, so only the thorough tests do it."""
FEW = {"git": 1, "s3": 3}
"""How often they do it by default, where it is less."""
INCREMENTS = few_where(
    [*FEW.items(), *((kind, MANY) for kind in KINDS)],
    lambda case: case in (("memory", MANY), ("folder", MANY), *FEW.items()),
)


def pytest_addoption(parser):
    parser.addoption("--store", metavar="ADDRESS", help="run the conformance suite on this store only")


def pytest_generate_tests(metafunc):
    address = metafunc.config.getoption("--store", default=None)
    if "increments" in metafunc.fixturenames:
        cases = [(address, MANY)] if address else INCREMENTS
        metafunc.parametrize(("place", "increments"), cases, indirect=["place"])
    elif "place" in metafunc.fixturenames:
        metafunc.parametrize("place", (address,) if address else few_of(KINDS, *QUICK), indirect=True)


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
    """Each store of a key has its own scratch repository, as in separate processes."""
    from contextlib import ExitStack

    environ = {**os.environ, "GIT_CONFIG_COUNT": str(len(settings))}
    for at, (name, value) in enumerate(settings):
        environ |= {f"GIT_CONFIG_KEY_{at}": name, f"GIT_CONFIG_VALUE_{at}": value}
    with ExitStack() as stack:

        def store(key):
            scratch = stack.enter_context(scratch_git(folder, environ))
            return GitRef(scratch, remote=remote, ref=f"refs/fbsync/state/{key}", describe=closed)

        yield store


@pytest.fixture
def place(request, tmp_path, bare):
    """A function that opens the object of a key. Two calls with one key make two clients."""
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
            server = request.getfixturevalue("moto_server")
            yield from _bucket(request, tmp_path, f"{server.address}/some/prefix", server.environment())
        case "azure":
            server = request.getfixturevalue("azurite_server")
            yield from _bucket(request, tmp_path, f"{server.address}/some/prefix", server.environment())
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
