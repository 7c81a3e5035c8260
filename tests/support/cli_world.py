"""fbsync as a user runs it: a process in a separate folder, with a sandbox that records requests."""

import json
import os
import subprocess
from pathlib import Path

import fbsync_process
import plain_http
import pytest
from recorder import recording
from sandboxes import running

from fbsync.sandbox.options import SandboxOptions

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "examples" / "quickstart"
_WORKSPACES = [f"ws-test-{number}" for number in range(1_000)]
"""Workspaces: one for each test of a worker, and never reused, so that tests do not affect each other."""
SHARED_WORKSPACES = [f"ws-shared-{number}" for number in range(8)]
"""For tests that need more workspaces."""


@pytest.fixture(scope="session")
def sandbox():
    """One sandbox process for all tests of a worker; each test has its own workspace."""
    with running(SandboxOptions(workspaces=(*_WORKSPACES, *SHARED_WORKSPACES))) as box:
        yield box


FINGERPRINT_KEY = "the fingerprint key of these tests"
"""With this key, fingerprints take no time; scrypt takes half the time of a run. See the fixture ``scrypt``."""
_unused = iter(_WORKSPACES)


def unused_workspace():
    return next(_unused)


@pytest.fixture
def workspace():
    return unused_workspace()


@pytest.fixture
def server(sandbox):
    """The sandbox, with every request recorded on its way there."""
    with recording(sandbox.url) as recorder:
        yield recorder


class Cli:
    """fbsync as a user runs it: a separate process in a separate folder.

    Credentials that a test declares with ``credential`` must not occur in the output of any run or in any
    file. The end of every test checks that.
    """

    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = environment
        self.printed = []
        self.credentials = {}
        self.secret_files = set()

    def credential(self, name, value):
        self.credentials[name] = value

    def process(self, *args, env=None, **options):
        merged = {**self.environment, **self.credentials, **(env or {})}
        return fbsync_process.start(
            *args,
            cwd=self.folder,
            env={name: value for name, value in merged.items() if value is not None},
            text=True,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )

    def __call__(self, *args, env=None):
        return self.finish(self.process(*args, env=env))

    def finish(self, process):
        stdout, stderr = process.communicate(timeout=120)
        self.printed += [stdout, stderr or ""]
        assert "Traceback" not in stdout + (stderr or "")
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    @property
    def lockfile(self):
        return json.loads((self.folder / "fbsync.lock").read_text())

    def leaks(self):
        files = [p for p in self.folder.rglob("*") if p.is_file() and p.name not in self.secret_files]
        texts = [*self.printed, *(path.read_text(errors="replace") for path in files)]
        return [name for name, value in self.credentials.items() if any(value in text for text in texts)]


@pytest.fixture
def cli(tmp_path, server, sandbox, workspace):
    cli = Cli(
        tmp_path,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PYTHONPATH": str(ROOT),
            "FLASHBACK_API_URL": server.url,
            "FLASHBACK_TOKEN": sandbox.token,
            "FLASHBACK_WORKSPACE_ID": workspace,
            "FBSYNC_FINGERPRINT_KEY": FINGERPRINT_KEY,
            **{name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")},
        },
    )
    yield cli
    cli.printed.append("")
    assert cli.leaks() == []
    assert not any(sandbox.token in text for text in cli.printed)


@pytest.fixture
def scrypt(cli):
    """Use scrypt for fingerprints, like users who set no key."""
    del cli.environment["FBSYNC_FINGERPRINT_KEY"]


@pytest.fixture
def on_server(sandbox, workspace):
    """What the sandbox lists of this test's workspace, by name."""

    def listed():
        answer = plain_http.get(
            f"{sandbox.url}/ai/llm",
            params={"workspaceId": workspace},
            headers={"Authorization": f"Bearer {sandbox.token}"},
        )
        rows = answer.json()["aiLlms"]
        by_name = {row["name"]: row for row in rows}
        assert len(by_name) == len(rows)
        return by_name

    return listed


MANIFEST = """\
version: 1
workspaceId: $FLASHBACK_WORKSPACE_ID
llms:
  - name: One
    aiType: OPENAI
    endpoint: https://one.example.com/v1
    secret: $SECRET_ONE
  - name: Two
    aiType: AWS
    endpoint: https://two.example.com
    key: $KEY_TWO
    secret: $SECRET_TWO
"""


@pytest.fixture
def project(cli):
    """A manifest of two entries, with their credentials set."""
    cli.write("fbsync.yaml", MANIFEST)
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    cli.credential("SECRET_TWO", "canary-two-77aa01")
    cli.credential("KEY_TWO", "canary-key-0d93be")
    return cli
