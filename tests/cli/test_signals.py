"""A signal at any moment ends a command, and never leaves it waiting for what it has interrupted itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import signal_points
from sandboxes import running
from selection import few_of, few_where

from fbsync.cli.signals import Terminated
from fbsync.sandbox.options import SandboxOptions

SUPPORT = Path(signal_points.__file__).parent
PATHS = {"PYTHONPATH": f"{SUPPORT.parents[1]}:{SUPPORT}"}
CODES = {"SIGINT": 130, "SIGTERM": 143}
RAISED = {"SIGINT": KeyboardInterrupt.__name__, "SIGTERM": Terminated.__name__}
UNTIDY = ("Traceback", "never awaited", "was destroyed", "Exception ignored", "fbsync itself failed")
FIRST = 300
"""Before this call, the process has no handler yet."""


def lines_of(script, *arguments, **options):
    command = [sys.executable, SUPPORT / script, *map(str, arguments)]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=900, **options
    ).stdout.splitlines()


@pytest.mark.parametrize("number", few_of(CODES, "SIGTERM"))
@pytest.mark.parametrize("how", ["cancelled", "stopped"])
def test_a_loop_that_gets_a_signal_at_any_event_ends_as_it_should(number, how):
    *ends, last = [line.split(" ", 1)[1] for line in lines_of("signalled_loop.py", number, how, env=os.environ | PATHS)]
    assert last == "done, None"
    assert len(ends) > 500
    assert set(ends) - {f"done, interrupted by {number}"} == {RAISED[number]}
    assert (len(set(ends)) == 2) is (how == "stopped")


@pytest.mark.parametrize(
    ("number", "command", "step"),
    few_where(
        [
            (number, command, step)
            for number in CODES
            for command in ("plan --refresh", "apply --yes", "drift")
            for step in (1999, 401)
        ],
        lambda case: case in (("SIGTERM", "plan --refresh", 1999), ("SIGTERM", "apply --yes", 1999)),
    ),
)
def test_a_command_that_gets_a_signal_at_any_call_ends(project, number, command, step):
    workspaces = [f"ws-{at}" for at in range(100_000 // step)]
    with running(SandboxOptions(workspaces=tuple(workspaces))) as box:
        variables = {
            **project.environment,
            **project.credentials,
            **PATHS,
            "FLASHBACK_API_URL": box.url,
            "FLASHBACK_TOKEN": box.token,
            "FLASHBACK_WORKSPACE_ID": ",".join(workspaces),
        }
        lines = lines_of("signal_points.py", number, FIRST, step, *command.split(), cwd=project.folder, env=variables)
    *ended, (_, last, _) = map(json.loads, lines)
    assert last == 0
    assert len(ended) > 10_000 / step
    assert [run for run in ended if run[1] != CODES[number] or any(word in run[2] for word in UNTIDY)] == []
