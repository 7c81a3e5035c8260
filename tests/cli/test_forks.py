"""Most tests run fbsync in a fork (``fbsync_process``), which behaves like ``python -m fbsync`` and the script."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import fbsync_process
import pytest
from cli_world import MANIFEST, unused_workspace
from recorder import Reply
from selection import few_of

MODULE = [sys.executable, "-m", "fbsync"]
SCRIPT = [Path(sys.executable).with_name("fbsync")]
PIPED = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
COMMANDS = [
    ["--help"],
    ["aply"],
    ["validate", "--format", "json", "nothing.yaml"],
    ["validate", "wrong.yaml"],
    ["schema", "plan"],
    ["env"],
    ["plan", "--format", "json"],
    ["plan", "--only", "None"],
    ["apply", "--parallelism", "1", "--events", "events.jsonl"],
    ["plan", "--refresh", "--detailed-exitcode"],
    ["drift", "--format", "json"],
    ["verify", "--parallelism", "1"],
    ["state", "list"],
    ["export", "-o", "-"],
    ["destroy", "--parallelism", "1"],
    ["destroy", "--yes", "--parallelism", "1", "--max-deletes", "100%"],
    ["doctor"],
    ["sandbox", "run", "--", "sh", "-c", "echo $FLASHBACK_WORKSPACE_ID $LC_CTYPE; exit 3"],
]
FEW = [["--version"], ["validate"], ["plan"]]
ENVIRONMENTS = [
    {"FORCE_COLOR": "1", "COLUMNS": "60"},
    {"HOME": None, "FLASHBACK_TOKEN": None, "PYTHONPATH": None},
    {"SECRET_ONE": "caf\udce9", "FBSYNC_FINGERPRINT_KEY": "é" * 40},
]
STARTS = [
    {"LC_ALL": "C"},
    {"LANG": "C", "PYTHONUTF8": "0"},
    {"PYTHONIOENCODING": "cp1252"},
    {"PYTHONWARNINGS": "error"},
]


class Way:
    """One way to start fbsync, with its own folder and workspace."""

    def __init__(self, project, start):
        self._start = start
        self._environment = project.environment | project.credentials
        self._workspace = self._environment["FLASHBACK_WORKSPACE_ID"] = unused_workspace()
        self._folder = project.folder / self._workspace
        self._folder.mkdir()
        (self._folder / "fbsync.yaml").write_text(MANIFEST.replace("name: Two", "name: Café ✓"))
        (self._folder / "wrong.yaml").write_bytes(b"version: 1\nllms:\n  - nam\xe9: {\n")

    def process(self, *command, env):
        merged = {name: value for name, value in (self._environment | env).items() if value is not None}
        return self._start(*command, cwd=self._folder, env=merged, **PIPED)

    def end(self, process):
        """The exit status and the output, without what differs from run to run."""
        texts = process.communicate(timeout=120)
        for local in (str(self._folder), self._workspace):
            texts = [text.replace(local, "(its own)") for text in texts]
        return process.returncode, *(VARYING.sub("(one)", text) for text in texts)

    def __call__(self, *command, env):
        return self.end(self.process(*command, env=env))


VARYING = re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\d+(\.\d+)? ?m?s\b|\d{4}-\d\d-\d\dT[\d:.]+Z")


@pytest.fixture
def ways(project):
    """A fork, the module and the installed script."""

    def started(command):
        return lambda *arguments, **options: subprocess.Popen([*command, *arguments], **options)

    return [Way(project, start) for start in (fbsync_process.start, started(MODULE), started(SCRIPT))]


@pytest.mark.thorough
def test_a_fork_prints_and_ends_like_the_module(ways):
    fork, module, _ = ways
    for command in COMMANDS:
        assert fork(*command, env={}) == module(*command, env={}), command


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_fork_prints_and_ends_like_the_script(ways, env):
    fork, _, script = ways
    for command in FEW:
        assert fork(*command, env=env) == script(*command, env=env), command


ENDS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143, signal.SIGQUIT: -3, signal.SIGKILL: -9}


@pytest.mark.parametrize("number", few_of(ENDS, signal.SIGINT, signal.SIGKILL))
def test_a_fork_takes_signals_like_the_module_and_the_script(ways, server, number):
    ends = []
    for way in ways:
        process = way.process("apply", "--yes", "--parallelism", "1", env={})

        def signalled(request, process=process):
            if request.writes:
                process.send_signal(number)
                return Reply(body={}, status=500, processed=True, delay=0.3)
            return None

        server.replies = signalled
        ends.append(way.end(process))
    assert ends[0] == ends[1] == ends[2]
    assert ends[0][0] == ENDS[number]


@pytest.mark.parametrize("env", STARTS)
def test_what_an_interpreter_reads_when_it_starts_gets_a_start(project, env):
    process = project.process("--version", env=env)
    assert type(process) is subprocess.Popen
    assert project.finish(process).returncode == 0


def test_a_fork_is_a_child_of_the_tests_in_their_group(project):
    process = project.process("--version")
    assert type(process) is not subprocess.Popen
    assert os.getpgid(process.pid) == os.getpgid(0)
    assert project.finish(process).returncode == 0
