"""A short chaos run with shared state: concurrent runs on separate machines, killed, stopped, with lost answers."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def chaos(*options):
    command = [sys.executable, "-m", "benchmarks.chaos", "--edits", "3", "--jobs", "1", *options]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=1800)


@pytest.mark.thorough
@pytest.mark.parametrize("state", ["git", "moto"])
def test_runs_that_share_a_state_lose_nothing_and_make_nothing_twice(state):
    done = chaos("--state", state, "--schedules", "20")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "20 schedules" in done.stdout
    assert ": 0 violations" in done.stdout


@pytest.mark.thorough
def test_a_store_that_ignores_conditions_loses_records():
    """The control: the same checks find the loss."""
    done = chaos("--state", "moto", "--schedules", "24", "--dishonest")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "is lost" in done.stdout
