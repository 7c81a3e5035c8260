"""Short versions of the long runs of `python -m benchmarks.chaos` and `benchmarks.killed`."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import crashes
from benchmarks.killed import Findings, kill_and_rerun

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("schedules", [3, pytest.param(100, marks=pytest.mark.thorough)])
def test_schedules_of_edits_faults_and_kills_converge(schedules):
    command = [sys.executable, "-m", "benchmarks.chaos", "--schedules", str(schedules), "--edits", "3", "--jobs", "1"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{schedules} schedules" in done.stdout
    assert ": 0 violations" in done.stdout


def test_a_killed_apply_loses_nothing_and_makes_nothing_twice():
    found = kill_and_rerun(entries=40, latency=50, started=12, seconds=0)
    assert 12 <= found.survivors < 40
    assert found == Findings(survivors=found.survivors, status=0, objects=40, duplicates=0, lost=0, between=0)


needs_compiler = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="crashes at single calls need Linux and a C compiler"
)


@needs_compiler
@pytest.mark.parametrize("every", [500, pytest.param(9, marks=pytest.mark.thorough)])
def test_an_apply_that_ends_at_any_call_is_completed_or_reverted_by_the_next(every):
    found, calls = crashes.run(every=every)
    assert {"write", "fsync", "rename", "unlink", "open", "send", "recv"} == set(calls)
    assert len(found) > 500 / every
    assert [one for one in found if one.violations] == []


@needs_compiler
@pytest.mark.thorough
def test_an_apply_that_verifies_first_and_ends_at_any_call_leaves_nothing_temporary():
    found, _ = crashes.run(every=17, verify_first=True)
    assert len(found) > 700 / 17
    assert [one for one in found if one.violations] == []


@needs_compiler
@pytest.mark.thorough
def test_a_crash_that_loses_the_known_state_is_found():
    found, _ = crashes.run(only=crashes.Case(at=60, how="kill", reverted=False), forget=True)
    assert found[0].violations != []
