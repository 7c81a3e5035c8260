"""Work grows only linearly with the entries: steps of fbsync's code, counted."""

import json
import re
import subprocess
import sys
from contextlib import ExitStack
from itertools import pairwise
from types import SimpleNamespace

import pytest
from cli_world import ROOT
from selection import few_of

from benchmarks.places import environment
from benchmarks.servers import instant

SIZES = (10, 20, 40)
ENTRY = """\
  - name: Entry {number:04}
    aiType: OPENAI
    endpoint: https://{host}-{number:04}.example.com/v1
    secret: {secret}
    workspaceId: ws-{workspace}
"""


def manifest(entries, *, host="llm", secret="$SECRET_0", first=0, former=None):
    """A manifest with five entries in each workspace; ``former`` gives the number that each entry had before."""
    text = "version: 1\nllms:\n"
    for number in range(first, first + entries):
        text += ENTRY.format(number=number, host=host, secret=secret, workspace=(number - first) // 5)
        if former is not None:
            text += f"    previousName: Entry {former(number):04}\n"
    return text


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """For each size, a folder whose entries were applied, and a server that lists them."""
    with ExitStack() as stack:
        # Each has a server: a shared one would also list the entries of the others.
        yield [
            world(tmp_path_factory.mktemp(f"of-{size}"), size, stack.enter_context(instant(keep=True)))
            for size in SIZES
        ]


def world(folder, size, variables):
    here = SimpleNamespace(
        folder=folder, size=size, environment={**environment(1, **variables), "PYTHONPATH": str(ROOT)}
    )
    here.manifest = lambda **how: manifest(size, **how)
    here.applied = steps(here, here.manifest(), "apply", "--yes")
    return here


def in_one(text):
    """The same entries in one workspace, where one may take the name of another."""
    return re.sub(r"ws-\d+", "ws-one", text)


def steps(world, text, *argv, status=0):
    """Count the lines of fbsync's code that a command executes. Check its exit status."""
    (world.folder / "fbsync.yaml").write_text(text)
    argv = [sys.executable, "-m", "benchmarks.steps", *argv]
    done = subprocess.run(argv, cwd=world.folder, env=world.environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr + done.stdout
    return json.loads((world.folder / "steps.json").read_text())


def assert_linear(counts):
    """Check that each doubling of the entries adds twice as many steps as the doubling before."""
    first, second = (after - before for before, after in pairwise(counts))
    assert 0 < second <= 2.1 * first, counts


def test_applying_new_entries(worlds):
    assert_linear([world.applied for world in worlds])


UNCHANGED = [
    ["validate"],
    ["plan"],
    ["plan", "--refresh"],
    ["drift"],
    ["drift", "--format", "json"],
    ["env"],
    ["state", "list"],
    ["apply", "--yes"],
]


@pytest.mark.parametrize("command", few_of(UNCHANGED, ["apply", "--yes"]), ids=" ".join)
def test_entries_that_did_not_change(worlds, command):
    assert_linear([steps(world, world.manifest(), *command) for world in worlds])


@pytest.mark.parametrize("format_", few_of(["text", "markdown", "html", "json"], "text"))
def test_plans_that_change_every_entry(worlds, format_):
    assert_linear([steps(world, world.manifest(host="other"), "plan", "--format", format_) for world in worlds])


@pytest.mark.parametrize("format_", few_of(["text", "github", "sarif", "junit", "json"], "text"))
def test_a_finding_for_every_entry(worlds, format_):
    wrong = {"secret": "a-literal-1"}
    assert_linear(
        [steps(world, world.manifest(**wrong), "validate", "--format", format_, status=3) for world in worlds]
    )


@pytest.mark.thorough
def test_entries_given_twice(worlds):
    def twice(text):
        return text + text.partition("llms:\n")[2]

    assert_linear([steps(world, twice(world.manifest()), "validate", status=3) for world in worlds])


@pytest.mark.thorough
def test_renames_in_a_chain_that_is_blocked_at_its_end(worlds):
    """Each entry takes the name of the one before it, and the first takes a name that stays in use."""
    counts = []
    for world in worlds:
        text = world.manifest(first=1, former=lambda number: number - 1)
        same = text.replace("ws-", "ws-one-")
        counts.append(steps(world, same, "plan"))
    assert_linear(counts)


@pytest.mark.thorough
def test_a_chain_of_renames_whose_end_is_left_out(worlds):
    counts = []
    for world in worlds:
        text = in_one(world.manifest(first=1, former=lambda number: number - 1))
        steps(world, in_one(world.manifest()), "apply", "--yes", "--prune", "--max-deletes", "1000")
        only = [part for number in range(1, world.size) for part in ("--only", f"Entry {number:04}")]
        counts.append(steps(world, text, "plan", *only))
        steps(world, world.manifest(), "apply", "--yes", "--prune", "--max-deletes", "1000")
    assert_linear(counts)


@pytest.mark.thorough
def test_exporting(worlds):
    counts = []
    for world in worlds:
        (world.folder / "export").mkdir()
        chosen = [f"ws-{number}" for number in range(world.size // 5)]
        options = [part for workspace in chosen for part in ("--workspace", workspace)]
        counts.append(steps(world, world.manifest(), "export", "-f", "export/fbsync.yaml", *options))
    assert_linear(counts)
