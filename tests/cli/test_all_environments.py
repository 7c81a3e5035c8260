"""``plan --all-environments``: every workspace and environment on one page."""

import json

import plain_http
import pytest
from cli_world import MANIFEST, unused_workspace

from fbsync.schema.validate import Kind, validate

ENVIRONMENTS = """\
environments:
  staging: {workspaceId: ws-staging, llms: {Two: null}}
  prod: {workspaceId: $PROD_WORKSPACE_ID}
"""


@pytest.fixture
def environments(project):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENTS)
    return project


def page(project, *arguments):
    return project("plan", "--all-environments", "--format", "html", *arguments)


def test_the_list_itself_and_all_environments_are_on_one_page(environments, server):
    environments("apply")
    requests = len(server.requests)
    done = page(environments)
    assert done.returncode == 0, done.stderr
    assert "Plan: 3 to add, 0 to change, 0 to destroy." in done.stdout
    assert "staging: Plan: 1 to add" in done.stdout
    assert "Environments and workspaces at a glance" in done.stdout
    assert "<bdi>$PROD_WORKSPACE_ID</bdi>" in done.stdout
    assert len(server.requests) == requests
    assert page(environments, "--detailed-exitcode").returncode == 2


def test_one_that_cannot_be_planned_does_not_hide_the_others(environments):
    environments.write("fbsync.staging.lock", "<<<<<<< ours\n")
    done = page(environments)
    assert done.returncode == 3
    assert "1 environment could not be planned" in done.stdout
    assert "<bdi>staging</bdi>" in done.stdout
    assert "prod: Plan: 2 to add" in done.stdout
    assert "fbsync.staging.lock" in done.stderr


def test_a_list_that_is_only_used_with_environments_is_left_out(environments):
    environments.write(
        "fbsync.yaml", (MANIFEST + ENVIRONMENTS).replace("workspaceId: $FLASHBACK_WORKSPACE_ID\n", "", 1)
    )
    done = page(environments)
    assert done.returncode == 0, done.stderr
    assert "(none)" not in done.stdout


@pytest.mark.parametrize(
    "arguments", ["--lock-file x.lock", "--format html -e staging", "--format html --out plan.json"]
)
def test_what_it_does_not_go_with_is_refused(environments, arguments):
    done = environments("plan", "--all-environments", *arguments.split())
    assert done.returncode == 64
    assert done.stdout == ""


def documents(done, command):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert (document["exit_code"], document["command"]) == (done.returncode, command)
    return {one["environment"]: one for one in document["environments"]}


def test_the_plans_of_all_environments_as_json(environments):
    environments.write("fbsync.staging.lock", "<<<<<<< ours\n")
    done = environments("plan", "--all-environments", "--format", "json")
    found = documents(done, "plan")
    assert done.returncode == 3
    assert done.stderr == ""
    assert list(found) == [None, "prod", "staging"]
    assert all(validate(Kind.PLAN, found[name]["plan"]) == () for name in (None, "prod"))
    assert found["prod"]["plan"]["environment"] == "prod"
    assert found["staging"]["exit_code"] == 3
    assert found["staging"]["findings"][0]["file"] == "fbsync.staging.lock"
    assert json.loads(done.stdout)["summary"] == "Plan: 4 to add, 0 to change, 0 to destroy."


def test_the_plans_of_all_environments_as_text(environments):
    done = environments("plan", "--all-environments", "--detailed-exitcode")
    assert done.returncode == 2
    places = [done.stdout.index(f"Environment: {name}") for name in ("none (without -e)", "staging", "prod")]
    assert places == sorted(places)
    assert done.stdout.endswith("All environments: Plan: 5 to add, 0 to change, 0 to destroy.\n")


def test_the_plans_of_all_environments_are_one_comment(environments):
    done = environments("plan", "--all-environments", "--format", "markdown", "--max-chars", "5000")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) <= 5000
    assert done.stdout.count("<!-- fbsync-plan:") == 1
    assert done.stdout.startswith("<!-- fbsync-plan:%2A -->")
    assert "### fbsync plan for `staging`" in done.stdout
    assert "### fbsync plan for `no environment (without -e)` on" in done.stdout


@pytest.fixture
def drifted(project, sandbox, on_server):
    """Two applied environments with a workspace each. Somebody changed an entry of the first one."""
    staging = f"  staging: {{workspaceId: {unused_workspace()}, llms: {{Two: null}}}}\n"
    project.write("fbsync.yaml", f"{MANIFEST}environments:\n{staging}")
    assert project("apply", "-e", "staging").returncode == 0
    assert project("apply").returncode == 0
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    path = f"{sandbox.url}/ai/llm/{on_server()['One']['id']}"
    plain_http.put(path, json={"endpoint": "https://moved.example.com"}, headers=headers).raise_for_status()
    return project


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_warnings_of_all_environments_are_said_once(drifted, command):
    manifest = (drifted.folder / "fbsync.yaml").read_text()
    assert "key: $KEY_TWO\n" in manifest
    drifted.write("fbsync.yaml", manifest.replace("    key: $KEY_TWO\n", ""))
    done = drifted(command, "--all-environments", "--strict")
    assert done.returncode == 3, done.stdout
    assert done.stderr.count("[missing-access-key]") == 1
    assert "1 warning" in done.stderr


def test_drift_of_all_environments(drifted):
    done = drifted("drift", "--all-environments", "--format", "json")
    assert done.returncode == 2, done.stderr
    found = documents(done, "drift")
    assert {name: one["exit_code"] for name, one in found.items()} == {None: 2, "staging": 0}
    entry = found[None]["drift"]["entries"][0]
    undo = "fbsync apply --only One --allow-host-change"
    assert (entry["undo"], entry["keep"]) == (undo, "fbsync drift --accept One")
    text = drifted("drift", "--all-environments").stdout
    assert "Environment: staging" in text
    assert "to keep: fbsync drift --accept One" in text
    assert text.endswith("All environments: Drift: 1 changed, 0 deleted, 0 replaced, 2 unchanged.\n")
    markdown = drifted("drift", "--all-environments", "--format", "markdown").stdout
    assert markdown.startswith("<!-- fbsync-drift:%2A -->")
    assert "#### 🟡 1 changed outside" in markdown
    assert "Environments and workspaces" not in drifted("drift", "--format", "html").stdout
    assert "fbsync drift: all environments" in drifted("drift", "--all-environments", "--format", "html").stdout


def test_a_failure_of_one_drift_does_not_hide_the_others(drifted):
    text = (drifted.folder / "fbsync.yaml").read_text()
    drifted.write("fbsync.yaml", f"{text}  review: {{workspaceId: $NOT_SET_HERE}}\n")
    done = drifted("drift", "--all-environments")
    assert done.returncode == 3
    assert "$NOT_SET_HERE is not set" in done.stderr
    assert "moved.example.com" in done.stdout
    assert "Environment: staging" in done.stdout


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_broken_lockfile_of_one_environment_is_named_and_the_others_are_compared(drifted, command):
    drifted.write("fbsync.staging.lock", "<<<<<<< ours\n")
    done = drifted(command, "--all-environments", "--format", "json")
    assert done.returncode == 3
    found = documents(done, command)
    assert found["staging"]["exit_code"] == 3
    assert found["staging"]["findings"][0]["rule"] == "conflict-marker"
    assert found[None]["exit_code"] == (2 if command == "drift" else 0)
    text = drifted(command, "--all-environments")
    assert text.returncode == 3
    assert "fbsync.staging.lock:1: error: the lockfile has a merge conflict" in text.stderr
    assert "Environment: none (without -e)" in text.stdout
    assert drifted(command).returncode == 3


def test_the_worst_failure_is_the_exit_code(drifted):
    drifted.write("fbsync.staging.lock", "<<<<<<< ours\n")
    drifted.environment.pop("FLASHBACK_TOKEN")
    assert drifted("drift", "--all-environments").returncode == 4
