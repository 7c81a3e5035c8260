"""fbsync is never silent: it says what it waits for, and answers Ctrl-C at once."""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from at_a_terminal import CTRL_C, at_a_terminal, conversation
from recorder import Reply

SLOW = 1.5
"""Seconds that an answer takes. The line appears after one second."""


def slowly(method):
    return lambda request: Reply(delay=SLOW, processed=True) if request.method == method else None


@pytest.mark.parametrize("command", [["apply", "--yes"], ["export"]], ids=" ".join)
def test_on_a_terminal_a_line_says_what_is_waited_for(project, server, command):
    server.replies = slowly("GET")
    _, seen = at_a_terminal(project, command, "")
    line = f"\r\x1b[KAsking {server.url}: listing 1 of 1 workspace …"
    assert line in seen
    assert "\r\x1b[K" in seen.split(line)[1]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["workspaces"], "Asking {url} for the workspaces …"),
        (["keys", "list"], "Asking {url} for the stored keys …"),
        (["doctor"], "Checking files, server and roles …"),
    ],
    ids=["workspaces", "keys", "doctor"],
)
def test_what_needs_no_plan_says_so_too(project, server, command, line):
    server.replies = slowly("GET")
    _, seen = at_a_terminal(project, command, "")
    assert f"\r\x1b[K{line.format(url=server.url)}" in seen


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["verify", "--yes"], "Verifying: 0 of 2 providers answered …"),
        (["apply", "--resend-secrets", "--yes", "--verify"], "Verifying the credentials with their providers …"),
    ],
    ids=["verify", "apply"],
)
def test_so_does_what_asks_the_providers(project, server, command, line):
    assert project("apply").returncode == 0
    server.replies = lambda request: Reply(delay=SLOW, processed=True) if "/validate" in request.path else None
    _, seen = at_a_terminal(project, command, "")
    assert f"\r\x1b[K{line}" in seen


@pytest.mark.parametrize("command", [["plan"], ["apply", "--yes"]], ids=" ".join)
def test_so_does_what_reads_slow_files(project, command):
    os.mkfifo(project.folder / "pipe")
    steps = ("\r\x1b[KReading the manifest …", lambda: (project.folder / "pipe").write_text("UNUSED=1\n"))
    code, seen = conversation(project, [*command, "--env-file", "pipe"], steps)
    assert code == 0, seen


def test_so_does_a_run_that_waits_for_another_one(project):
    with (project.folder / "fbsync.lock.run").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        line = "\r\x1b[KWaiting for another run, which has locked fbsync.lock …"
        steps = (line, lambda: fcntl.flock(held, fcntl.LOCK_UN))
        code, seen = conversation(project, ["apply", "--yes", "--lock-timeout", "60"], steps)
    assert code == 0, seen


def test_the_bar_comes_after_the_last_question(project, server):
    server.replies = lambda request: Reply(delay=SLOW, processed=True) if "/user" in request.path else None
    code, seen = at_a_terminal(project, ["apply", "--yes"], "", streams=("stdin", "stdout", "stderr"))
    assert code == 0
    assert seen.rindex(f"Asking {server.url}") < seen.index("Applying  [") < seen.index("created")


@pytest.fixture
def slow_remote(project, tmp_path_factory):
    """Keep the state in a git remote that is slow to read and to write."""
    remote = tmp_path_factory.mktemp("remote") / "remote.git"
    project.environment |= {"FBSYNC_STATE": "git", "GIT_CONFIG_GLOBAL": os.devnull}
    for words in (
        ("init", "--quiet", "--bare", remote),
        ("init", "--quiet", project.folder),
        ("-C", project.folder, "remote", "add", "origin", remote),
    ):
        subprocess.run(["git", *words], check=True)
    assert project("state", "init").returncode == 0
    hook = remote / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nsleep {SLOW}\n")
    hook.chmod(0o755)
    slow = f"sleep {SLOW}; git-upload-pack"
    subprocess.run(["git", "-C", project.folder, "config", "remote.origin.uploadpack", slow], check=True)
    return project


@pytest.mark.parametrize("command", [["plan"], ["state", "history"]], ids=" ".join)
def test_so_does_what_reads_a_store(slow_remote, command):
    _, seen = at_a_terminal(slow_remote, command, "")
    what = "Waiting for" if "history" in command else "Reading the state in"
    assert f"\r\x1b[K{what} git:refs/fbsync/state/default …" in seen


def test_so_does_what_writes_to_a_store(slow_remote):
    code, seen = at_a_terminal(slow_remote, ["apply", "--yes"], "")
    assert code == 0, seen
    assert "Reading the state in git:refs/fbsync/state/default …" in seen
    locking = seen.index("Locking the state in git:refs/fbsync/state/default …")
    assert locking < seen.index("Applying  [")
    code, seen = at_a_terminal(slow_remote, ["state", "forget", "One", "--yes"], "")
    assert code == 0, seen
    assert "Writing the state in git:refs/fbsync/state/default …" in seen


def test_signing_in_is_said_too(project, server, sandbox):
    server.replies = lambda request: Reply(delay=SLOW, processed=True) if request.path.startswith("/user") else None
    project.environment.pop("FLASHBACK_TOKEN")
    project.environment |= {"FLASHBACK_EMAIL": "somebody@example.com", "FLASHBACK_PASSWORD": "made-up-password"}
    _, seen = at_a_terminal(project, ["plan", "--refresh"], "")
    assert f"Signing in to {server.url} …" in seen


LONG = 60
"""Seconds. After Ctrl-C, nobody has to wait this long."""


def test_ctrl_c_ends_the_wait_for_another_run(project, server):
    with (project.folder / "fbsync.lock.run").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, seen = conversation(
            project, ["apply", "--lock-timeout", str(LONG)], ("which has locked fbsync.lock", CTRL_C)
        )
    assert code == 130
    assert "\r\x1b[K" in seen.split("which has locked")[1]
    assert " interrupted\r\n" in seen
    assert server.requests == []


def test_ctrl_c_ends_signing_in(project, server):
    server.replies = lambda request: Reply(delay=SLOW * 2, processed=True) if "/user" in request.path else None
    project.environment.pop("FLASHBACK_TOKEN")
    project.environment |= {"FLASHBACK_EMAIL": "somebody@example.com", "FLASHBACK_PASSWORD": "made-up-password"}
    code, seen = conversation(project, ["apply"], ("Signing in to", CTRL_C))
    assert code == 130
    assert " interrupted before the first change; nothing was changed\r\n" in seen
    assert server.writes == []


@pytest.mark.parametrize("command", [["plan"], ["apply"], ["state", "history"]], ids=" ".join)
def test_ctrl_c_ends_the_wait_for_a_store(slow_remote, command):
    slow = f"sleep {LONG}; git-upload-pack"
    subprocess.run(["git", "-C", slow_remote.folder, "config", "remote.origin.uploadpack", slow], check=True)
    code, seen = conversation(slow_remote, command, ("git:refs/fbsync/state/default …", CTRL_C))
    assert code == 130
    assert " interrupted\r\n" in seen


def test_ctrl_c_while_the_lease_is_taken_gives_it_back(slow_remote, server):
    """The remote has already moved the ref, but its answer has not arrived."""
    remote = next(
        line.split()[1]
        for line in subprocess.check_output(["git", "-C", slow_remote.folder, "remote", "-v"], text=True).splitlines()
    )
    hook = Path(remote) / "hooks" / "post-receive"
    hook.write_text(f"#!/bin/sh\n[ -e {remote}/taken ] || {{ touch {remote}/taken; sleep {LONG}; }}\n")
    subprocess.run(["git", "-C", slow_remote.folder, "config", "--unset", "remote.origin.uploadpack"], check=True)

    def interrupt():
        while not (Path(remote) / "taken").exists():
            time.sleep(0.02)

    code, seen = conversation(
        slow_remote, ["apply"], ("Only 'yes' is accepted", "yes\n"), ("", interrupt), ("", CTRL_C)
    )
    assert code == 130
    assert " interrupted before the first change; nothing was changed\r\n" in seen
    assert server.writes == []
    assert slow_remote("apply", "--yes").returncode == 0


def test_into_a_pipe_nothing_is_said(project, server):
    server.replies = slowly("GET")
    assert "listing" not in project("plan", "--refresh").stderr


@pytest.fixture
def interrupted(project, server):
    """Start an apply whose first creation is answered late; return the process once the request has arrived."""

    def start(*arguments):
        asked = threading.Event()

        def late(request):
            if request.method != "POST":
                return None
            asked.set()
            return Reply(delay=4, processed=True)

        server.replies = late
        process = project.process("apply", "--parallelism", "1", *arguments)
        assert asked.wait(60)
        return process

    return start


def test_the_first_interrupt_is_answered_at_once(project, interrupted):
    process = interrupted()
    process.send_signal(signal.SIGINT)
    line = process.stderr.readline()
    assert line.startswith("Interrupted by SIGINT: nothing new is started, and requests under way get 6 s to end.")
    assert "Once more ends it now." in line
    done = project.finish(process)
    assert process.returncode == 130
    assert "One: created" in done.stdout
    assert [llm["name"] for llm in project.lockfile["llms"]] == ["One"]


def test_the_second_one_ends_it_now_and_nothing_is_lost(project, server, on_server, interrupted):
    process = interrupted()
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("Interrupted by SIGINT")
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith(
        "Stopped; answered requests are recorded. To continue, run `fbsync apply` again"
    )
    project.finish(process)
    assert process.returncode == 130
    intents = [json.loads(line) for line in (project.folder / "fbsync.lock.journal").read_text().splitlines()]
    assert intents
    server.replies = lambda request: None
    assert project("apply").returncode == 0
    assert set(on_server()) == {"One", "Two"}
    assert sum(request.body.get("name") == "One" for request in server.writes) == 1
