"""Run the client on each HTTP library that it supports."""

import importlib
import sys
from importlib.util import find_spec

import pytest

LIBRARIES = ("httpx", "httpx2")


@pytest.fixture(params=LIBRARIES)
def library(request, monkeypatch):
    """Return a function that imports a module of the client on top of this library."""
    if find_spec(request.param) is None:
        pytest.skip(f'{request.param} is not installed: pip install "fbsync[{request.param}]"')
    for name in [name for name in sys.modules if name.startswith("fbsync.client")]:
        monkeypatch.delitem(sys.modules, name)
    if request.param == "httpx":
        monkeypatch.setitem(sys.modules, "httpx2", None)
    chosen = importlib.import_module("fbsync.client.library").httpx
    assert chosen.__name__ == request.param
    yield importlib.import_module
    for name in [name for name in sys.modules if name.startswith("fbsync.client")]:
        monkeypatch.delitem(sys.modules, name)
