"""``workspace: Research``: the id comes from the server, and the lockfile keeps it."""

import pytest
from cli_world import MANIFEST
from recorder import Reply

BY_NAME = MANIFEST.replace("workspaceId: $FLASHBACK_WORKSPACE_ID", "workspace: Research")


@pytest.fixture
def listing(server, workspace):
    """The names that the server lists, with their ids. Tests change them."""
    names = [("Research", workspace), ("Sales", "ws-other")]

    def answer(request):
        if request.path == "/workspace":
            return Reply(body={"success": True, "workspaces": [{"id": llm_id, "name": name} for name, llm_id in names]})
        return None

    server.replies = answer
    return names


@pytest.fixture
def named(project):
    project.write("fbsync.yaml", BY_NAME)
    return project


def test_the_name_is_resolved_and_kept_by_its_id(named, server, listing, workspace, on_server):
    planned = named("plan")
    assert planned.returncode == 0, planned.stderr
    assert "One (workspace Research)" in planned.stdout
    assert "these workspaces' ids are unknown: Research" in planned.stdout
    done = named("apply")
    assert done.returncode == 0, done.stderr
    assert set(on_server()) == {"One", "Two"}
    assert {(llm["workspaceId"], llm["workspace"]) for llm in named.lockfile["llms"]} == {(workspace, "Research")}

    requests = len(server.requests)
    planned = named("plan", "--detailed-exitcode")
    assert planned.returncode == 0, planned.stdout
    assert len(server.requests) == requests
    assert named("plan", "--refresh", "--detailed-exitcode").returncode == 0
    assert named("drift").returncode == 0
    assert "(from workspace Research)" in named("state", "show", "One").stdout
    assert named("apply", "--no-refresh").returncode == 0
    assert len(server.writes) == 2


def test_a_manifest_that_goes_over_to_the_name_changes_only_the_record(project, server, listing):
    project("apply")
    project.write("fbsync.yaml", BY_NAME)
    done = project("apply")
    assert done.returncode == 0, done.stderr
    assert len(server.writes) == 2
    assert {llm["workspace"] for llm in project.lockfile["llms"]} == {"Research"}


def test_a_workspace_that_was_renamed_is_an_error_and_not_another_one(named, server, listing):
    named("apply")
    listing[0] = ("Research (old)", listing[0][1])
    done = named("apply")
    assert done.returncode == 3
    assert 'fbsync.yaml:2:12: error: you cannot see a workspace "Research"' in done.stderr
    assert len(server.writes) == 2


def test_two_workspaces_of_one_name_are_an_error_that_lists_both(named, server, listing, workspace):
    listing.append(("Research", "ws-twin"))
    for command in ("apply", "drift"):
        done = named(command)
        assert done.returncode == 3
        assert ", ".join(sorted((workspace, "ws-twin"))) in done.stderr
    assert server.writes == []


def no_listing(request):
    return Reply(status=403, body={"success": False}) if request.path == "/workspace" else None


def test_a_server_that_does_not_list_workspaces_needs_what_the_lockfile_remembers(named, server, listing):
    lists = server.replies
    server.replies = no_listing
    refused = named("apply")
    assert refused.returncode == 4
    assert server.writes == []
    server.replies = lists
    assert named("apply").returncode == 0
    server.replies = no_listing
    assert named("apply").returncode == 0


def test_a_saved_plan_with_a_name_that_was_not_resolved_yet(named, listing, on_server):
    assert named("plan", "--out", "reviewed.json").returncode == 0
    done = named("apply", "reviewed.json")
    assert done.returncode == 0, done.stderr
    assert set(on_server()) == {"One", "Two"}


def test_entries_that_turn_out_to_be_one_are_a_finding(named, server, listing, workspace):
    extra = (
        f"  - {{name: One, aiType: OTHER, endpoint: 'https://x.example.com', secret: $S, workspaceId: {workspace}}}\n"
    )
    named.write("fbsync.yaml", BY_NAME + extra)
    assert named("validate").returncode == 0
    done = named("apply")
    assert done.returncode == 3
    assert "the workspace already has an entry with this name" in done.stderr
    assert server.writes == []


def test_an_environment_has_its_own(named, server, listing, workspace):
    named.write("fbsync.yaml", MANIFEST + "environments:\n  staging: {workspace: Research}\n")
    assert named("apply", "-e", "staging", env={"FLASHBACK_WORKSPACE_ID": "unused"}).returncode == 0
    assert {request.body["workspaceId"] for request in server.writes} == {workspace}


def test_a_workspace_given_twice_is_a_finding(project):
    project.write("fbsync.yaml", "workspace: Research\n" + MANIFEST)
    done = project("validate")
    assert done.returncode == 3
    assert "the workspace is set twice" in done.stderr + done.stdout
