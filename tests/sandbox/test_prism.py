"""fbsync against a Prism mock of the sandbox's OpenAPI document: an independent server that keeps the same contract."""

import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import fbsync_process
import plain_http
import pytest

from fbsync.model.errors import ExitCode

HERE = Path(__file__).parent
PRISM = Path("node_modules", "@stoplight", "prism-cli", "dist", "index.js")
UNREACHABLE = ("ENOTFOUND", "ETIMEDOUT", "ECONNREFUSED", "EAI_AGAIN", "network")
HEAD = "version: 1\nworkspaceId: ws-sandbox\nllms:\n"
LISTED = """\
  - name: Example OpenAI
    aiType: OPENAI
    endpoint: https://api.openai.com/v1
    key: $EXAMPLE_KEY
    secret: $EXAMPLE_SECRET
"""
ANOTHER = """\
  - name: Another
    aiType: ANTHROPIC
    endpoint: https://api.anthropic.com
    secret: $EXAMPLE_SECRET
"""

pytestmark = [pytest.mark.editors, pytest.mark.thorough]


@pytest.fixture(scope="module")
def prism(tmp_path_factory):
    """Prism's program, installed from the registry as package-lock.json pins it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("prism")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        assert any(word in done.stderr for word in UNREACHABLE), done.stderr
        pytest.skip("npm's registry cannot be reached")
    return folder / PRISM


@pytest.fixture(scope="module")
def document(sandbox, tmp_path_factory):
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_text(plain_http.get(f"{sandbox.url}/openapi.json").text)
    return path


@contextmanager
def mocking(prism, document, *options):
    """Run a mock on a free port; return its URL."""
    command = ["node", prism, "mock", "-h", "127.0.0.1", "-p", "0", *options, document]
    environment = os.environ | {"NO_COLOR": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    ) as mock:
        try:
            said = []
            for line in mock.stdout:
                said.append(line)
                if found := re.search(r"listening on (http://[0-9.:]+)", line):
                    break
            else:
                pytest.fail(f"Prism did not start: {''.join(said)}")
            yield found[1]
        finally:
            mock.kill()


@pytest.fixture(scope="module")
def examples(prism, document):
    """A mock that answers with the document's examples."""
    with mocking(prism, document, "--errors") as url:
        yield url


@pytest.fixture
def run(tmp_path):
    """Run fbsync against a mock in a separate folder; no run may crash."""

    def fbsync(url, *arguments):
        variables = {
            "FLASHBACK_API_URL": url,
            "FLASHBACK_TOKEN": "made-up-token",
            "EXAMPLE_KEY": "made-up-identifier-WXYZ",
            "EXAMPLE_SECRET": "made-up-credential",
        }
        done = fbsync_process.run(*arguments, cwd=tmp_path, env=os.environ | variables)
        assert "Traceback" not in done.stderr
        assert "fbsync itself failed" not in done.stderr
        assert done.returncode in set(ExitCode) - {ExitCode.USAGE}, done.stderr
        return done

    return fbsync


@pytest.fixture
def manifest(tmp_path):
    return tmp_path / "fbsync.yaml"


def test_what_the_mock_lists_is_adopted_and_then_as_declared(examples, run, manifest):
    manifest.write_text(HEAD + LISTED)
    assert run(examples, "apply", "--yes").returncode != 0
    adopted = run(examples, "apply", "--yes", "--adopt")
    assert adopted.returncode == 0, adopted.stderr
    assert run(examples, "plan", "--refresh", "--detailed-exitcode").returncode == 0
    assert run(examples, "drift").returncode == 0
    assert run(examples, "apply", "--yes").stdout.endswith("0 added, 0 changed, 0 destroyed. 1 unchanged.\n")


def test_what_the_mock_creates_is_recorded_with_its_id(examples, run, manifest, tmp_path):
    manifest.write_text(HEAD + ANOTHER)
    plan = run(examples, "plan", "--refresh", "--detailed-exitcode")
    assert (plan.returncode, "Plan: 1 to add, 0 to change, 0 to destroy." in plan.stdout) == (2, True)
    created = run(examples, "apply", "--yes")
    assert created.returncode == 0, created.stderr
    assert "1 added, 0 changed, 0 destroyed" in created.stdout
    assert "7d9f3c52-4f0e-4c4b-9a57-2b8f1f6f0a11" in (tmp_path / "fbsync.lock").read_text()
    # The mock always lists its example under that id, whatever it received.
    drift = run(examples, "drift")
    assert (drift.returncode, "Example OpenAI" in drift.stdout) == (2, True)


def test_what_the_mock_lists_is_exported(examples, run, manifest):
    exported = run(examples, "export", "--workspace", "ws-sandbox")
    assert exported.returncode == 0, exported.stderr
    assert "Example OpenAI" in manifest.read_text()
    assert run(examples, "validate").returncode == 0
    assert run(examples, "plan", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("seed", ["1", "22"])
def test_answers_drawn_from_the_schemas_end_no_run_in_a_crash(prism, document, run, manifest, seed):
    manifest.write_text(HEAD + LISTED + ANOTHER)
    with mocking(prism, document, "--dynamic", "--seed", seed) as url:
        for arguments in (
            ["plan", "--refresh"],
            ["apply", "--yes", "--adopt"],
            ["plan", "--refresh"],
            ["drift"],
            ["export", "--workspace", "ws-sandbox", "-f", "exported.yaml"],
        ):
            run(url, *arguments)
