"""Unexpected failures: a correct message, the places in the code, and no values."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fbsync.schema.validate import Kind, validate

BREAKING = """
import sys

class Breaking:
    def find_spec(self, name, path=None, target=None):
        if name == "fbsync.planning.decide":
            canary = "canary-in-a-local-variable"
            raise {raised}

sys.meta_path.insert(0, Breaking())
from fbsync.__main__ import program
program()
"""
UNEXPECTED = "KeyError('canary-in-an-argument')"
REFUSED = "PermissionError(13, 'Permission denied', '/there/is/no/such/file')"


@pytest.fixture
def broken(project):
    """Run a plan that fails in the middle because of a fault in fbsync itself."""

    def plan(raised, *arguments, env=None):
        done = subprocess.run(
            [sys.executable, "-c", BREAKING.format(raised=raised), "plan", *arguments],
            cwd=project.folder,
            env={**project.environment, **project.credentials, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        project.printed += [done.stdout, done.stderr]
        assert "Traceback" not in done.stderr
        assert "canary" not in done.stdout + done.stderr
        return done

    return plan


def reports(project):
    return list((project.folder / ".local" / "state" / "fbsync").glob("failure-*.txt"))


def test_a_fault_names_its_place_and_a_file_with_the_frames(project, broken):
    done = broken(UNEXPECTED)
    assert done.returncode == 1
    assert "error: fbsync itself failed: KeyError in fbsync.workflow.proposal, line " in done.stderr
    (path,) = reports(project)
    assert str(path) in done.stderr
    text = path.read_text()
    assert "canary" not in text
    assert "\nKeyError\n" in text
    frames = [line.strip() for line in text.splitlines() if " in " in line]
    assert all(not frame.startswith("/") for frame in frames)
    assert any(frame.startswith("fbsync/workflow/proposal.py:") for frame in frames)
    assert any(frame.startswith("click/core.py:") for frame in frames)
    broken(UNEXPECTED)
    assert reports(project) == [path]


def test_the_frames_are_printed_where_that_is_asked_for(project, broken):
    done = broken(UNEXPECTED, env={"FBSYNC_DEBUG": "1"})
    assert "  fbsync/workflow/proposal.py:" in done.stderr
    assert reports(project) == []
    assert len(broken(UNEXPECTED, env={"FBSYNC_DEBUG": "0"}).stderr.splitlines()) == 2


def test_causes_are_reported_and_their_values_are_not(project, broken):
    project.write(
        "chained.py", "def fail():\n    try: int('canary')\n    except ValueError as e: raise LookupError from e\n"
    )
    done = broken("__import__('chained').fail() or KeyError", env={"PYTHONPATH": f"{project.folder}:{Path.cwd()}"})
    assert "LookupError in fbsync." in done.stderr
    (path,) = reports(project)
    assert "LookupError\n" in path.read_text()
    assert "because of ValueError\n  chained.py:2 in fail\n" in path.read_text()


def test_a_fault_is_a_document_too(project, broken):
    done = broken(UNEXPECTED, "--format", "json")
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["error"]["hint"].endswith(str(reports(project)[0]))


def test_what_the_system_refuses_is_not_taken_for_the_output(project, broken):
    done = broken(REFUSED)
    assert done.returncode == 1
    assert "Permission denied: /there/is/no/such/file" in done.stderr
    assert "output" not in done.stderr
    assert "in fbsync.workflow.proposal, line " in done.stderr


def test_a_report_that_cannot_be_kept(project, broken):
    done = broken(UNEXPECTED, env={"XDG_STATE_HOME": "/proc/nothing"})
    assert "FBSYNC_DEBUG=1" in done.stderr


@pytest.mark.parametrize("command", ["plan", "validate", "doctor", "env", "export"])
def test_a_working_folder_that_was_deleted(project, command):
    script = f'mkdir gone && cd gone && rmdir ../gone && exec {sys.executable} -P -m fbsync "$@"'
    done = subprocess.run(
        ["sh", "-c", script, "sh", command],
        cwd=project.folder,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 1 or "fbsync.yaml" in done.stdout + done.stderr
    assert "output" not in done.stderr


HOMELESS = """
import os, pwd

def unknown(uid):
    raise KeyError(uid)

pwd.getpwuid = unknown
from fbsync.__main__ import program
program()
"""


@pytest.mark.parametrize("command", [["plan"], ["apply"], ["state", "list"]])
def test_a_user_without_a_home(project, command):
    """Containers may run with a user id that belongs to no account."""
    project("apply")
    done = subprocess.run(
        [sys.executable, "-c", HOMELESS, *command],
        cwd=project.folder,
        env={k: v for k, v in {**project.environment, **project.credentials}.items() if k != "HOME"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("status_and_arguments", [(0, "validate"), (3, "validate", "nothing.yaml")])
def test_an_error_output_that_takes_nothing_leaves_the_exit_code(project, status_and_arguments):
    status, *arguments = status_and_arguments
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "fbsync", *arguments],
            cwd=project.folder,
            env=project.environment,
            stdout=subprocess.PIPE,
            stderr=full,
            check=False,
        )
    assert done.returncode == status


@pytest.mark.parametrize("arguments", [["plan", "--format", "json"], ["plan", "--format=markdown"], ["schema"]])
@pytest.mark.parametrize("locale", [{"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}])
def test_machine_formats_are_utf_8_in_any_locale(project, arguments, locale):
    project.write("fbsync.yaml", (project.folder / "fbsync.yaml").read_text().replace("One", "Café ✓"))
    done = subprocess.run(
        [sys.executable, "-m", "fbsync", *arguments],
        cwd=project.folder,
        env={**project.environment, "PYTHONCOERCECLOCALE": "0", **locale},
        capture_output=True,
        check=True,
    )
    assert ("Café ✓" in done.stdout.decode("utf-8")) is (arguments != ["schema"])


def test_a_terminal_that_lacks_a_character_gets_a_question_mark(project):
    project.write("fbsync.yaml", (project.folder / "fbsync.yaml").read_text().replace("One", "✓"))
    done = project("plan", env={"PYTHONIOENCODING": "cp1252"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "?" in done.stdout


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT"])
def test_a_signal_that_is_ignored_stays_so_during_an_apply(project, server, on_server, name):
    """With ``nohup fbsync apply``, the run goes on after the terminal closes."""
    started = []

    def hang_up(request):
        if request.method == "POST":
            started[0].send_signal(getattr(signal, name))

    server.replies = hang_up
    ignoring = f"import os, signal, sys; signal.signal(signal.{name}, signal.SIG_IGN); "
    ignoring += "os.execv(sys.executable, [sys.executable, '-m', 'fbsync', 'apply', '--parallelism', '1'])"
    started.append(
        subprocess.Popen(
            [sys.executable, "-c", ignoring],
            cwd=project.folder,
            env={**project.environment, **project.credentials},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    done = project.finish(started[0])
    assert done.returncode == 0, done.stderr
    assert set(on_server()) == {"One", "Two"}
