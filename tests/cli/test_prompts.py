"""Apply and destroy on a terminal: what they show, and the effect of answers, Ctrl-C and Ctrl-D."""

import signal
import threading
from contextlib import ExitStack

import pytest
from at_a_terminal import CTRL_C, CTRL_D, conversation
from cli_world import MANIFEST
from recorder import Reply
from selection import few_of

PROMPT = "Only 'yes' is accepted"


@pytest.fixture
def staged(project):
    project.write("fbsync.yaml", f"{MANIFEST}environments: {{staging: {{}}}}\n")
    return project


@pytest.fixture
def there(staged, server):
    """An environment that was applied."""
    assert staged("apply", "-e", "staging").returncode == 0
    server.requests.clear()
    return staged


COMMANDS = {
    "apply": (["apply", "-e", "staging"], "Plan: 2 to add, 0 to change, 0 to destroy."),
    "destroy": (["destroy", "-e", "staging"], "Plan: 0 to add, 0 to change, 2 to destroy."),
}


@pytest.fixture(params=COMMANDS)
def asked(request):
    """A command that asks for confirmation, and the plan that it shows."""
    request.getfixturevalue("there" if request.param == "destroy" else "staged")
    return request.param


def test_it_asks_after_the_plan_with_the_server_and_the_environment(project, server, asked):
    command, plan = COMMANDS[asked]
    code, seen = conversation(project, command, (PROMPT, "yes\n"))
    assert code == 0, seen
    question = f"Apply these 2 changes to staging on {server.url}?"
    assert seen.index(plan) < seen.index(question) < seen.index(PROMPT)
    assert len(server.writes) == 2
    assert f"Resources: {'2 added' if asked == 'apply' else '0 added, 0 changed, 2 destroyed'}" in seen


@pytest.mark.parametrize("answer", few_of(["no\n", "y\n", "YES\n", "\n"], "y\n"))
def test_anything_but_yes_changes_nothing(project, server, asked, answer):
    code, seen = conversation(project, COMMANDS[asked][0], (PROMPT, answer))
    assert code == 1
    assert "not confirmed" in seen
    assert server.writes == []


@pytest.mark.parametrize(("key", "status"), [(CTRL_C, 130), (CTRL_D, 130), (signal.SIGTERM, 143)])
def test_a_key_or_a_signal_that_ends_it_at_the_question_changes_nothing(project, server, asked, key, status):
    before = {path.name for path in project.folder.iterdir()}
    code, seen = conversation(project, COMMANDS[asked][0], (PROMPT, key))
    assert code == status, seen
    assert "interrupted before the first change" in seen
    assert "Traceback" not in seen
    assert server.writes == []
    assert {path.name for path in project.folder.iterdir()} == before


def test_ctrl_c_while_it_waits_for_the_list_is_answered(project, server, asked):
    """A line says what fbsync waits for, and Ctrl-C ends the wait."""
    server.replies = lambda request: Reply(delay=4, processed=True) if request.method == "GET" else None
    code, seen = conversation(project, COMMANDS[asked][0], ("listing 1 of 1 workspace", CTRL_C))
    assert code == 130, seen
    assert "nothing was changed" in seen
    assert server.writes == []


def test_ctrl_c_during_the_changes_lets_what_is_under_way_end(project, server, asked):
    method = "POST" if asked == "apply" else "DELETE"
    arrived = threading.Event()
    server.replies = lambda request: arrived.set() if request.method == method else None
    command = [*COMMANDS[asked][0], "--yes", "--parallelism", "1"]
    with ExitStack() as held:
        held.enter_context(server.holding(method))
        code, seen = conversation(project, command, (arrived, CTRL_C), ("Interrupted by SIGINT", held.close))
    assert code == 130, seen
    assert f"Resources: {'1 added' if asked == 'apply' else '0 added, 0 changed, 1 destroyed'}" in seen
    assert "1 not attempted" in seen
    assert len(server.writes) == 1
    assert project(*COMMANDS[asked][0], "--yes").returncode == 0
    assert len(server.writes) == 2


def test_ctrl_c_just_before_the_first_change_is_one_or_the_other(project, server, asked):
    """Either nothing was changed, or fbsync says what was. No traceback is shown."""
    command = [*COMMANDS[asked][0], "--yes", "--parallelism", "1"]
    server.replies = lambda request: Reply(delay=1, processed=True) if request.method != "GET" else None
    code, seen = conversation(project, command, ("Applying", CTRL_C))
    assert code == 130, seen
    assert ("nothing was changed" in seen) is (server.writes == [])
    assert ("Interrupted by SIGINT" in seen) is (server.writes != [])
    assert "Warning" not in seen


@pytest.mark.parametrize("width", few_of(["40", "100"], "40"))
def test_the_plan_fits_the_terminal(project, server, asked, width):
    project.environment |= {"COLUMNS": width, "NO_COLOR": "1"}
    _, seen = conversation(project, COMMANDS[asked][0], (PROMPT, "no\n"))
    plan = seen[: seen.index("Apply these")].replace("\r", "")
    assert max(map(len, plan.splitlines())) <= int(width)
