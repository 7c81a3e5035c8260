"""The cost of commands, counted in modules loaded, requests sent and files written."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from recorder import Reply

ROOT = Path(__file__).parents[2]

SLOW_TO_LOAD = {"asyncio", "concurrent.futures", "difflib", "h11", "httpx", "jsonschema", "logging", "tempfile"}
"""Modules that a successful command without a server does not need; each takes 3 to 60 ms."""

NEVER = {"jsonschema", "fastapi", "sqlite3", "uvicorn"}
"""Modules that a successful apply does not need, either."""

ENTRY = """\
  - name: Entry {number:04}
    aiType: OPENAI
    endpoint: https://entry-{number:04}.example.com/v1
    secret: $SECRET_ONE
"""


def manifest(entries):
    return f"version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n{''.join(map(entry, range(entries)))}"


def entry(number):
    return ENTRY.format(number=number)


@pytest.fixture
def applied(project):
    assert project("apply", "--yes").returncode == 0
    return project


MEASURE = """
import gc, json, os, sys

class LookedFor:
    names = []

    def find_spec(self, name, path=None, target=None):
        self.names.append(name)

def collections():
    return sum(generation["collections"] for generation in gc.get_stats())

def measured(status):
    cost = {
        "modules": sorted(set(sys.modules) - before),
        "looked_for": len(LookedFor.names),
        "collections": collections() - collected,
    }
    with open("measured.json", "w") as file:
        json.dump(cost, file)
    leave(status)

before, leave, os._exit = set(sys.modules), os._exit, measured
sys.meta_path.insert(0, LookedFor())
from fbsync.__main__ import program
collected = collections()
program()
"""
"""Run the program, and write its cost when it ends."""


def cost_of(cli, *argv, status=0):
    """What a command has loaded and done by its successful end."""
    environment = {**cli.environment, **cli.credentials}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *argv], cwd=cli.folder, env=environment, capture_output=True, check=False
    )
    assert done.returncode == status, done.stderr
    return json.loads((cli.folder / "measured.json").read_text())


def modules_after(cli, *argv, status=0):
    """The names of all modules that a command has loaded by its successful end."""
    return set(cost_of(cli, *argv, status=status)["modules"])


MOST_MODULES = {"validate": 54, "plan": 110}
"""How many of fbsync's modules a command may load. A module takes about half a millisecond; a record, one more."""

NOT_WITHOUT_TROUBLE = {
    "fbsync.model.claims",
    "fbsync.model.live",
    "fbsync.model.server",
    "fbsync.schema.explain",
    "fbsync.schema.misfits",
    "fbsync.state.intents",
    "fbsync.state.journal",
    "fbsync.state.replay",
    "fbsync.cli.all_environments",
}
"""Modules that are not needed without a server, an interrupted apply or an error."""


def own(modules):
    return {name for name in modules if name.split(".")[0] == "fbsync"}


def test_the_version_takes_click_and_hardly_anything_else(cli):
    modules = modules_after(cli, "--version")
    own_modules = {
        "fbsync",
        "fbsync.__main__",
        "fbsync.cli",
        "fbsync.cli.errors",
        "fbsync.cli.mistakes",
        "fbsync.cli.signals",
        "fbsync.model",
        "fbsync.model.errors",
        "fbsync.version",
    }
    assert own(modules) == own_modules
    assert modules & (SLOW_TO_LOAD | {"dataclasses", "pathlib", "yaml"}) == set()


def test_validate_loads_what_reads_a_manifest(project):
    modules = modules_after(project, "validate")
    assert modules & SLOW_TO_LOAD == set()
    assert (
        own(modules)
        & {"fbsync.workflow.project", "fbsync.state.lockfile", "fbsync.model.changes", "fbsync.schema.explain"}
        == set()
    )


def test_plan_loads_what_compares(applied):
    modules = modules_after(applied, "plan")
    assert modules & SLOW_TO_LOAD == set()
    assert (
        own(modules) & {"fbsync.client", "fbsync.state.ledger", "fbsync.schema.explain", "fbsync.render.masking"}
        == set()
    )


@pytest.mark.parametrize("command", MOST_MODULES)
def test_commands_without_a_server_load_few_modules(applied, command):
    modules = own(modules_after(applied, command))
    assert modules & NOT_WITHOUT_TROUBLE == set()
    assert len(modules) <= MOST_MODULES[command], sorted(modules)


def test_apply_loads_what_sends(project):
    modules = modules_after(project, "apply", "--yes")
    assert modules & NEVER == set()
    assert modules & {"httpx", "httpx2"}


@pytest.mark.parametrize("command", [["--version"], ["validate"], ["plan"]])
def test_hardly_any_garbage_is_looked_for(applied, command):
    assert cost_of(applied, *command)["collections"] <= 1


def test_no_request_looks_for_modules(cli):
    """By itself, httpcore looks for a missing module several times in each request; ``fbsync.client`` prevents that."""
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    looked_for = []
    for number, entries in enumerate((1, 41)):
        cli.write("fbsync.yaml", manifest(entries).replace("Entry ", f"Run {number} "))
        cost = cost_of(cli, "apply", "--yes", "--parallelism", "1", "--lock-file", f"{number}.lock")
        looked_for.append(cost["looked_for"])
    assert looked_for[0] == looked_for[1]


def test_jsonschema_is_loaded_only_for_what_is_wrong(cli):
    cli.write("fbsync.yaml", "version: 2\nllms: []\n")
    assert "jsonschema" in modules_after(cli, "validate", status=3)


def test_apply_asks_once_and_sends_one_request_for_each_change(cli, server):
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    cli.write("fbsync.yaml", manifest(12))
    assert cli("apply", "--yes").returncode == 0
    assert [request.method for request in server.requests] == ["GET"] * 2 + ["POST"] * 12
    assert {request.path.partition("?")[0] for request in server.requests[:2]} == {"/ai/llm", "/user/profile"}
    server.requests.clear()
    cli.write("fbsync.yaml", manifest(12).replace("entry-0003", "another"))
    assert cli("apply", "--yes").returncode == 0
    assert [request.method for request in server.requests] == ["GET", "PUT"]
    server.requests.clear()
    assert cli("apply", "--yes").returncode == 0
    assert [request.method for request in server.requests] == ["GET"]


def test_a_profile_that_cannot_be_had_is_asked_for_once(project, server):
    """A request may take the whole retry time, so fbsync must not ask both before and after the confirmation."""
    server.replies = lambda request: Reply(status=404, body={}) if request.path == "/user/profile" else None
    assert project("apply", "--yes").returncode == 0
    assert sum(request.path == "/user/profile" for request in server.requests) == 1


def test_what_is_written_grows_with_the_entries_and_no_faster(cli):
    """The journal only grows and is never rewritten, and the lockfile is written once, at the end."""
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    few, some, many = (counted(cli, entries) for entries in (10, 20, 40))
    for name in ("journal", "lockfile"):
        first, second = (some[name] - few[name]) / 10, (many[name] - some[name]) / 20
        assert first == pytest.approx(second, rel=0.02), name
    assert few["lockfiles"] == some["lockfiles"] == many["lockfiles"] == 1
    for entries, made in ((10, few), (20, some), (40, many)):
        # Two records for each entry, which share their waits, and a few for the beginning and the end.
        assert made["syncs"] <= 2 * entries + 8
        # The first intents, then an outcome at a time, with the next intent; and a mark for each request that is sent.
        assert made["appends"] <= 2 * entries + 1


def test_an_outcome_goes_to_the_disk_with_the_next_intent(cli):
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    made = counted(cli, 20, "--parallelism", "1")
    # Before each request, there is another record, which does not wait for the disk.
    assert made["appends"] <= 20 + 20 + 1
    assert made["syncs"] <= 20 + 8


def counted(cli, entries, *options):
    """Count what an apply writes that creates this many entries in a workspace without these names."""
    names = manifest(entries).replace("Entry ", f"Of {entries:02} ")
    cli.write("fbsync.yaml", names)
    argv = [sys.executable, "-m", "benchmarks.counted", "apply", "--yes", "--lock-file", f"{entries}.lock", *options]
    environment = {**cli.environment, **cli.credentials}
    done = subprocess.run(argv, cwd=cli.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((cli.folder / "counted.json").read_text())
