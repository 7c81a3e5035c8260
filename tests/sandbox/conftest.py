from itertools import count

import plain_http
import pytest
from sandboxes import running

from fbsync.sandbox.builtin import READER, WRITER
from fbsync.sandbox.options import SandboxOptions

_numbers = count(1)


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    return tmp_path_factory.mktemp("sandbox") / "sandbox.db"


@pytest.fixture(scope="module")
def seed_file():
    """What the module's sandbox has from the start. Modules that need something override it."""


@pytest.fixture(scope="module")
def faults_file():
    """The module's fault script. Modules that need one override it."""


@pytest.fixture(scope="module")
def sandbox(db, seed_file, faults_file):
    """One sandbox for each module. Its tests share it and use different names."""
    with running(SandboxOptions(db=db, seed=seed_file, faults=faults_file)) as started:
        yield started


def signed_in(sandbox, credentials):
    answer = plain_http.post(
        f"{sandbox.url}/user/login", json={"email": credentials.email, "password": credentials.password}
    )
    headers = {"Authorization": f"Bearer {answer.json()['accessToken']}"}
    return plain_http.Client(base_url=sandbox.url, headers=headers)


@pytest.fixture(scope="module")
def admin(sandbox):
    with plain_http.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {sandbox.token}"}) as client:
        yield client


@pytest.fixture(scope="module")
def writer(sandbox):
    with signed_in(sandbox, WRITER) as client:
        yield client


@pytest.fixture(scope="module")
def reader(sandbox):
    with signed_in(sandbox, READER) as client:
        yield client


@pytest.fixture
def anyone(sandbox):
    with plain_http.Client(base_url=sandbox.url) as client:
        yield client


@pytest.fixture
def new():
    """Make the body of a creation, with a name that no other test uses."""

    def body(**changes):
        given = {
            "name": f"Configuration {next(_numbers)}",
            "aiType": "OPENAI",
            "endpoint": "https://api.openai.com/v1",
            "secret": "made-up-credential",
            "workspaceId": "ws-sandbox",
        } | changes
        return {field: value for field, value in given.items() if value is not ...}

    return body


@pytest.fixture
def create(admin, new):
    """Create a configuration and return its id."""

    def created(**changes):
        answer = admin.post("/ai/llm", json=new(**changes))
        assert answer.status_code == 200, answer.text
        return answer.json()["aiLlmId"]

    return created


@pytest.fixture
def listed(admin):
    """Look up a configuration in the list; None if it is absent."""

    def one(llm_id):
        everything = admin.get("/ai/llm").json()["aiLlms"]
        return next((llm for llm in everything if llm["id"] == llm_id), None)

    return one
