"""``fbsync sandbox run`` as a user runs it: signals, exit codes, the terminal, and nothing left behind."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from urllib.parse import urlsplit

import fbsync_process
import pytest
from at_a_terminal import read, read_until
from selection import few_of

RUN = ["sandbox", "run"]
REPORT = "import json, os; print(json.dumps(dict(os.environ)))"
READY_THEN_SIGNALS = """
import os, signal, sys
def say(word):
    # Not by print, which a signal may interrupt, and which must not be entered then.
    os.write(1, f"{word}\\n".encode())
def note(number, frame):
    say(signal.Signals(number).name)
    if number == signal.SIGTERM:
        sys.exit(9)
for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGTERM):
    signal.signal(number, note)
say("ready")
while True:
    signal.pause()
"""
SHOW_URL_AND_WAIT = """
import os, time
print(os.environ["FLASHBACK_API_URL"], flush=True)
while True:
    time.sleep(60)
"""


def python(code):
    return [sys.executable, "-c", code]


def run(*arguments, environment=None, **keywords):
    return fbsync_process.run(*RUN, *arguments, env=os.environ | (environment or {}), **keywords)


def start(*arguments, **keywords):
    return fbsync_process.start(*RUN, *arguments, stdout=subprocess.PIPE, text=True, **keywords)


def answers(url):
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0


@pytest.mark.parametrize("status", few_of([0, 1, 2, 64, 255], 2))
def test_the_exit_code_is_the_commands(status):
    assert run("--", *python(f"raise SystemExit({status})")).returncode == status


def test_a_command_killed_by_a_signal_ends_as_shells_say():
    assert run("--", *python("import os; os.kill(os.getpid(), 9)")).returncode == 128 + 9


def test_a_command_that_is_not_there_or_cannot_run_ends_as_shells_say(tmp_path):
    missing = run("--", "no-such-command-of-ours")
    assert (missing.returncode, missing.stdout) == (127, "")
    assert "no-such-command-of-ours" in missing.stderr
    (tmp_path / "text").write_text("text")
    assert run("--", str(tmp_path / "text")).returncode == 126


def test_stdin_and_stdout_are_the_commands_and_ours_stays_silent():
    done = run("--", *python("print(input()[::-1])"), input="abc\n")
    assert (done.stdout, done.stderr) == ("cba\n", "")


def test_options_after_the_command_are_the_commands():
    done = run(*python("import sys; print(sys.argv[1:])"), "--port", "--help")
    assert done.stdout == "['--port', '--help']\n"


def test_the_command_signs_in_to_the_sandbox_and_never_with_a_real_account():
    real = {
        "FLASHBACK_API_URL": "https://real.example",
        "FLASHBACK_TOKEN": "real-token",
        "FLASHBACK_REFRESH_TOKEN": "real-refresh",
        "FLASHBACK_EMAIL": "real@company.example",
        "FLASHBACK_PASSWORD": "real-password",
        "FLASHBACK_WORKSPACE_ID": "",
    }
    seen = json.loads(run("--", *python(REPORT), environment=real).stdout)
    assert not set(real.values()) - {""} & set(seen.values())
    assert seen["FLASHBACK_API_URL"].startswith("http://127.0.0.1:")
    assert seen["FLASHBACK_EMAIL"] == "admin@sandbox.example"
    assert seen["FLASHBACK_WORKSPACE_ID"] == "ws-sandbox"


def test_every_means_of_signing_in_works_and_the_named_workspaces_are_there():
    code = """
import httpx, json, os
env = os.environ
with httpx.Client(base_url=env["FLASHBACK_API_URL"]) as client:
    pair = client.post("/user/refresh", json={"refresh_token": env["FLASHBACK_REFRESH_TOKEN"]})
    login = client.post("/user/login", json={"email": env["FLASHBACK_EMAIL"], "password": env["FLASHBACK_PASSWORD"]})
    seen = client.get("/workspace", headers={"Authorization": "Bearer " + env["FLASHBACK_TOKEN"]}).json()
    print(json.dumps([pair.status_code, login.status_code, sorted(one["id"] for one in seen["workspaces"])]))
"""
    done = run("--workspace", "ws-x", "--", *python(code), environment={"FLASHBACK_WORKSPACE_ID": "ws-mine"})
    assert json.loads(done.stdout) == [200, 200, ["ws-mine", "ws-research", "ws-sandbox", "ws-x"]]


def test_a_proxy_does_not_come_between_the_command_and_the_sandbox():
    code = "import httpx, os; print(httpx.get(os.environ['FLASHBACK_API_URL'] + '/health').status_code)"
    proxy = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "other.example"}
    assert run("--", *python(code), environment=proxy).stdout == "200\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--port", "x", "--", "true"],
        ["--host", "0.0.0.0", "--", "true"],
        ["--token-lifetime", "0", "--", "true"],
        ["--latency", "nan", "true"],
    ],
)
def test_wrong_usage_is_64(arguments):
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (64, "")


def test_a_server_that_cannot_start_says_why_and_the_command_is_not_run(tmp_path):
    (tmp_path / "faults.json").write_text('{"rules": [{}]}')
    bad = run("--faults", str(tmp_path / "faults.json"), "--", *python("print('ran')"))
    assert (bad.returncode, bad.stdout) == (3, "")
    assert "rules[0].action" in bad.stderr
    broken = run("--db", str(tmp_path), "--", *python("print('ran')"))
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "cannot be opened" in broken.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("--port", port, "--", *python("print('ran')"))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"port {port}" in refused.stderr


def test_a_server_that_breaks_before_it_is_ready_is_an_error_too(tmp_path):
    (tmp_path / "uvicorn.py").write_text("raise SystemExit(5)")
    broken = run("--", *python("print('ran')"), environment={"PYTHONPATH": str(tmp_path)})
    assert (broken.returncode, broken.stdout) == (1, "")
    assert "ended with status 5 before it was ready" in broken.stderr


def test_without_the_extra_it_is_said_how_to_get_it():
    code = "import sys; sys.modules['uvicorn'] = None; from fbsync.cli import main; sys.exit(main(sys.argv[1:]))"
    for arguments in (["serve"], ["run", "true"]):
        command = [*python(code), "sandbox", *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (1, "")
        assert "pip install 'fbsync[sandbox]'" in done.stderr


@pytest.mark.parametrize("new_session", [True, False])
def test_signals_are_passed_on_once(new_session):
    with start("--", *python(READY_THEN_SIGNALS), start_new_session=new_session) as process:
        assert process.stdout.readline() == "ready\n"
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1):
            process.send_signal(number)
            assert process.stdout.readline() == f"{number.name}\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "SIGTERM\n"
    assert process.returncode == 9


def test_a_signal_to_the_whole_group_reaches_the_command_once():
    with start("--", *python(READY_THEN_SIGNALS), start_new_session=True) as process:
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        assert process.stdout.readline() == "SIGINT\n"
        os.killpg(process.pid, signal.SIGTERM)
        assert process.stdout.read() == "SIGTERM\n"
    assert process.returncode == 9


def test_a_key_on_the_terminal_reaches_the_command_once_and_leaves_the_server_alive():
    code = """
import os, signal, urllib.request
def note(number, frame):
    status = urllib.request.urlopen(os.environ["FLASHBACK_API_URL"] + "/health").status
    os.write(1, b"interrupted %d\\n" % status)  # the signal may come while print writes
signal.signal(signal.SIGINT, note)
print("tty" if os.isatty(0) else "no tty", os.tcgetpgrp(0) == os.getpgrp(), flush=True)
print("answer", input(), flush=True)
"""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-m", "fbsync", *RUN, "--", *python(code)])
    shown = read_until(terminal, "True")
    os.write(terminal, b"\x03")
    shown += read_until(terminal, "interrupted 200")
    os.write(terminal, b"yes\n")
    while chunk := read(terminal):
        shown += chunk
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert shown.count("interrupted") == 1
    assert "tty True" in shown
    assert "answer yes" in shown


def test_nothing_is_left_behind_when_the_command_ends(tmp_path):
    done = run("--", *python("import os; print(os.environ['FLASHBACK_API_URL'])"), cwd=tmp_path)
    assert not answers(done.stdout.strip())
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_behind_when_run_itself_is_killed():
    with start("--", *python(SHOW_URL_AND_WAIT)) as process:
        url = process.stdout.readline().strip()
        assert answers(url)
        os.kill(process.pid, signal.SIGKILL)
        # The command holds the other end, so this returns once it has ended.
        assert process.stdout.read() == ""
    wait_until_closed(url)


def wait_until_closed(url):
    """Wait until the server has ended, which closes a connection to it."""
    parts = urlsplit(url)
    with socket.socket() as probe, suppress(ConnectionError):
        probe.settimeout(30)
        probe.connect((parts.hostname, parts.port))
        assert probe.recv(1) == b""
    assert not answers(url)
