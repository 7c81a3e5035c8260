"""``fbsync sandbox serve``, and what a sandbox keeps when it is killed."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import fbsync_process
import httpx
import plain_http
import pytest
from sandboxes import running
from stored_credentials import stored_credential_is

from fbsync.sandbox.options import SandboxOptions

SERVE = ["sandbox", "serve", "--port", "0"]


def start(*arguments, **environment):
    return fbsync_process.start(
        *SERVE,
        *arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )


def exported(process):
    """The variables that the server prints for export; reads up to the last one."""
    variables = {}
    while "FLASHBACK_WORKSPACE_ID" not in variables:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        if found := re.fullmatch(r"export (\w+)=(\S+)\n", line):
            variables[found[1]] = found[2]
    return variables


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_tells_how_to_use_it_and_stops_when_told(number):
    with start() as process:
        variables = exported(process)
        with plain_http.Client(base_url=variables["FLASHBACK_API_URL"]) as client:
            headers = {"Authorization": f"Bearer {variables['FLASHBACK_TOKEN']}"}
            body = {"email": variables["FLASHBACK_EMAIL"], "password": variables["FLASHBACK_PASSWORD"]}
            assert client.get("/workspace/ws-sandbox", headers=headers).status_code == 200
            assert client.post("/user/login", json=body).status_code == 200
        process.send_signal(number)
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_the_access_log_has_method_path_and_status_and_no_secret():
    with start("--access-log") as process:
        variables = exported(process)
        headers = {"Authorization": f"Bearer {variables['FLASHBACK_TOKEN']}"}
        url = f"{variables['FLASHBACK_API_URL']}/ai/llm"
        plain_http.post(url, json={"secret": "canary", "name": "canary"}, params={"q": "canary"}, headers=headers)
        process.terminate()
        log = process.stderr.read()
    assert re.search(r"POST '/ai/llm' 400 \d+\.\d ms", log)
    assert "canary" not in log
    assert variables["FLASHBACK_TOKEN"] not in log


def test_a_port_that_is_taken_is_an_error_that_says_so():
    with running() as sandbox:
        port = sandbox.url.rpartition(":")[2]
        done = fbsync_process.run(*SERVE, "--port", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"port {port}: Address already in use" in done.stderr


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_it_listens_on_loopback_only(host):
    with start("--host", host) as process:
        url = exported(process)["FLASHBACK_API_URL"]
        assert httpx.get(f"{url}/health").status_code == 200
        process.terminate()
    assert process.returncode == 0


def test_what_was_answered_outlives_a_killed_server(tmp_path, new):
    options = SandboxOptions(db=tmp_path / "sandbox.db")
    created = {}
    with running(options) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        for _ in range(20):
            body = new()
            created[plain_http.post(f"{sandbox.url}/ai/llm", json=body, headers=headers).json()["aiLlmId"]] = body[
                "name"
            ]
        sandbox.process.kill()
        sandbox.process.wait()
    with running(options) as sandbox:
        # The old access token is still valid: the file has the whole state.
        listed = plain_http.get(f"{sandbox.url}/ai/llm", headers=headers).json()["aiLlms"]
    assert {llm["id"]: llm["name"] for llm in listed} == created
    assert all(stored_credential_is(options.db, llm_id, "made-up-credential") for llm_id in created)


def test_a_sandbox_starts_again_over_its_own_seed(tmp_path):
    llm = {"workspaceId": "ws-a", "name": "A", "aiType": "OPENAI", "endpoint": "https://a.example", "secret": "made-up"}
    seed = {
        "workspaces": [{"id": "ws-a"}],
        "configurations": [llm],
        "repositories": [{"workspaceId": "ws-a", "name": "R", "uses": ["A"]}],
    }
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    options = SandboxOptions(db=tmp_path / "sandbox.db", seed=tmp_path / "seed.json")
    listings = []
    for _ in range(2):
        with running(options) as sandbox:
            headers = {"Authorization": f"Bearer {sandbox.token}"}
            listings.append(plain_http.get(f"{sandbox.url}/ai/llm", headers=headers).json())
    assert listings[0] == listings[1]
    assert [repo["name"] for repo in listings[0]["aiLlms"][0]["repos"]] == ["R"]


def test_an_error_of_the_server_itself_is_answered_in_the_envelope_and_logged_without_values(tmp_path, capfd, new):
    options = SandboxOptions(db=tmp_path / "sandbox.db")
    with running(options) as sandbox:
        with closing(sqlite3.connect(options.db)) as other:
            other.execute("DROP TABLE llm")
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        answer = plain_http.post(f"{sandbox.url}/ai/llm", json=new(secret="canary"), headers=headers)
    assert (answer.status_code, answer.json()) == (500, {"success": False, "message": "Internal server error"})
    log = capfd.readouterr().err
    assert "internal error: OperationalError" in log
    assert "canary" not in log
    assert sandbox.token not in log


def test_a_server_that_does_not_end_is_ended():
    with running() as sandbox:
        sandbox.process.send_signal(signal.SIGSTOP)
    assert sandbox.process.returncode == -signal.SIGKILL


def test_latency_makes_every_request_wait():
    with running(SandboxOptions(latency=50)) as sandbox:
        assert plain_http.get(f"{sandbox.url}/health").elapsed.total_seconds() >= 0.05


def test_the_command_line_is_cheap_to_import():
    code = "import sys, fbsync.cli.sandbox; print([m for m in ('fastapi', 'uvicorn', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_the_servers_clock_may_differ_from_the_clients(new):
    with running(SandboxOptions(clock_skew=-86_400)) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        answer = plain_http.post(f"{sandbox.url}/ai/llm", json=new(), headers=headers)
        [llm] = plain_http.get(f"{sandbox.url}/ai/llm", headers=headers).json()["aiLlms"]
    dated = parsedate_to_datetime(answer.headers["Date"])
    created = datetime.fromisoformat(llm["createdAt"])
    assert abs(created - dated) < timedelta(minutes=1)
    assert timedelta(hours=23) < datetime.now(UTC) - created < timedelta(hours=25)
