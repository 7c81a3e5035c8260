"""The lines of the guide about tools that keep secrets, run with the tools that are here."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from runner import ROOT

from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

PAGE = (ROOT / "docs" / "guides" / "secrets-from-elsewhere.md").read_text()
LINES = {line.split()[0]: line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in [block.strip()]}
AWS_LINE = next(line for line in LINES.values() if "aws secretsmanager" in line)
SECRET = "canary-of-the-secrets-manager"
MANIFEST = """\
version: 1
workspaceId: ws-sandbox
llms:
  - {name: Chat, aiType: OPENAI, endpoint: "https://api.openai.com/v1", secret: $OPENAI_API_KEY}
"""


class SecretsManager(BaseHTTPRequestHandler):
    """Answers the one call, as AWS's API reference has it (JSON 1.1)."""

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.headers["X-Amz-Target"] == "secretsmanager.GetSecretValue" and asked == {
            "SecretId": "fbsync/openai"
        }
        body = json.dumps({"SecretString": SECRET} if found else {"__type": "ResourceNotFoundException"}).encode()
        self.send_response(200 if found else 400)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        """Keep quiet."""


@pytest.fixture
def secrets_manager():
    with ThreadingHTTPServer(("127.0.0.1", 0), SecretsManager) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


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


@pytest.mark.skipif(not works("aws"), reason="the AWS command line is not installed")
def test_aws_secrets_manager(project, secrets_manager):
    folder, environment = project
    signing = {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up", "AWS_DEFAULT_REGION": "eu-central-1"}
    environment |= signing | {"AWS_ENDPOINT_URL": secrets_manager, "HOME": os.environ.get("HOME", str(folder))}
    done = subprocess.run(
        ["sh", "-c", AWS_LINE], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Resources: 1 added" in done.stdout
    assert SECRET not in done.stdout + done.stderr + (folder / "fbsync.lock").read_text()


def test_every_tool_has_one_line_that_ends_in_an_apply():
    assert len(LINES) == 5
    assert all("fbsync apply" in line and "\n" not in line for line in LINES.values())
