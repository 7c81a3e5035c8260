"""Object stores for tests: one of each kind for all tests of a worker, each reached through a gate that can fail."""

import pytest

from benchmarks.object_servers import Missing, azurite, moto


def _served(make):
    pytest.importorskip("obstore", reason="the package obstore is not installed")
    try:
        with make() as server:
            yield server
    except Missing as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def moto_server():
    yield from _served(moto)


@pytest.fixture(scope="session")
def azurite_server():
    yield from _served(azurite)
