"""Nothing is silent: what is waited for is said, and Ctrl-C is answered at once."""

import json
import signal
import threading

import pytest
from at_a_terminal import at_a_terminal
from recorder import Reply


def slow_lists(request):
    return Reply(delay=2.5, processed=True) if request.method == "GET" else None


@pytest.mark.parametrize("command", [["plan", "--refresh"], ["apply", "--yes"], ["drift"]])
def test_on_a_terminal_a_line_says_what_is_waited_for(project, server, command):
    server.replies = slow_lists
    _, seen = at_a_terminal(project, command, "")
    line = f"\r\x1b[KAsking {server.url}: listing 1 of 1 workspace …"
    assert line in seen
    assert "\r\x1b[K" in seen.split(line)[1]


def test_signing_in_is_said_too(project, server, sandbox):
    server.replies = lambda request: Reply(delay=2.5, processed=True) if request.path.startswith("/user") else None
    project.environment.pop("FLASHBACK_TOKEN")
    project.environment |= {"FLASHBACK_EMAIL": "somebody@example.com", "FLASHBACK_PASSWORD": "made-up-password"}
    _, seen = at_a_terminal(project, ["plan", "--refresh"], "")
    assert f"Signing in to {server.url} …" in seen


def test_into_a_pipe_nothing_is_said(project, server):
    server.replies = slow_lists
    assert "listing" not in project("plan", "--refresh").stderr


@pytest.fixture
def interrupted(project, server):
    """An apply of which the first creation is answered late; gives the process once that was asked for."""

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
