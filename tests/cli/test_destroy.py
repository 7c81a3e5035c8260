"""``destroy``: an environment ends with a plan, guards and protection, and without its manifest."""

import json

import pytest
from cli_world import MANIFEST
from recorder import Reply

from fbsync.schema.validate import Kind, validate

PREVIEW = MANIFEST + "environments:\n  pr-123: {}\n"


@pytest.fixture
def preview(project):
    """An environment that was applied for a pull request."""
    project.write("fbsync.yaml", PREVIEW)
    assert project("apply", "-e", "pr-123").returncode == 0
    assert (project.folder / "fbsync.pr-123.lock").exists()
    return project


def test_it_deletes_what_is_known_and_the_lockfile(preview, on_server):
    done = preview("destroy", "-e", "pr-123", "--yes", "--result", "destroyed.json")
    assert done.returncode == 0, done.stderr
    assert "Plan: 0 to add, 0 to change, 2 to destroy." in done.stdout
    assert "- One (workspace" in done.stdout
    assert "): to be destroyed; served no calls\n" in done.stdout
    assert "declared" not in done.stdout
    assert "Resources: 0 added, 0 changed, 2 destroyed." in done.stdout
    assert on_server() == {}
    assert not list(preview.folder.glob("*.lock*"))
    document = json.loads((preview.folder / "destroyed.json").read_text())
    assert validate(Kind.RESULT, document) == ()
    assert (document["command"], document["exit_code"]) == ("destroy", 0)
    assert [entry["outcome"] for entry in document["entries"]] == ["deleted", "deleted"]


def test_it_needs_no_manifest_and_no_credential(preview, on_server):
    (preview.folder / "fbsync.yaml").unlink()
    bare = dict.fromkeys((*preview.credentials, "FLASHBACK_WORKSPACE_ID"))
    assert preview("destroy", "-e", "pr-123", "--yes", env=bare).returncode == 0
    assert on_server() == {}


def test_what_another_manifest_declared_goes_too(project, on_server):
    project.write("other.yaml", MANIFEST.replace("name: ", "name: Other "))
    assert project("apply", "--lock-file", "all.lock").returncode == 0
    assert project("apply", "-f", "other.yaml", "--lock-file", "all.lock").returncode == 0
    assert len(on_server()) == 4
    assert project("destroy", "--lock-file", "all.lock", "--yes").returncode == 0
    assert on_server() == {}


def test_what_is_not_known_stays(preview, on_server, server, workspace):
    preview.write("fbsync.yaml", PREVIEW.replace("name: ", "name: Main "))
    assert preview("apply").returncode == 0
    assert preview("destroy", "-e", "pr-123", "--yes").returncode == 0
    assert set(on_server()) == {"Main One", "Main Two"}


def test_a_protected_entry_refuses_it_all(project, on_server):
    project.write("fbsync.yaml", PREVIEW.replace("name: Two", "name: Two\n    protect: true"))
    assert project("apply", "-e", "pr-123").returncode == 0
    done = project("destroy", "-e", "pr-123", "--yes", "--format", "json")
    assert done.returncode == 8
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    (refusal,) = document["error"]["refusals"]
    assert refusal["message"] == "is protected"
    assert "declared" not in refusal["hint"]
    assert set(on_server()) == {"One", "Two"}


def test_every_reason_to_refuse_is_given_at_once(project, server, on_server):
    project.write("fbsync.yaml", PREVIEW.replace("name: Two", "name: Two\n    protect: true"))
    assert project("apply", "-e", "pr-123").returncode == 0
    rows = [
        row | {"repos": [{"id": "r1", "name": "Support"}] if name == "One" else []} for name, row in on_server().items()
    ]
    listed = Reply(body={"success": True, "aiLlms": rows})
    server.replies = lambda request: listed if request.path.startswith("/ai/llm?") else None
    done = project("destroy", "-e", "pr-123", "--yes", "--format", "json", "--max-deletes", "1")
    assert done.returncode == 8
    found = [(one.get("name"), one["message"], one["hint"]) for one in json.loads(done.stdout)["error"]["refusals"]]
    assert found == [
        (
            "Two",
            "is protected",
            "set `protect: false`, apply, then destroy it; or limit the command to other entries with --only",
        ),
        (
            "One",
            "is used by the repository Support, so the server will not delete it",
            "switch it to another configuration first, or limit the command to other entries with --only",
        ),
        (None, "this would delete 2 configurations; the limit is 1", "to do it anyway, pass --max-deletes 2"),
    ]


def test_a_workspace_of_which_nothing_is_listed_needs_an_option(preview, server):
    """The list may be wrong, and so may the 404 for each deletion, so the user has to say that all are gone."""
    gone = Reply(status=404, body={"success": False, "message": "not found"})
    empty = Reply(body={"success": True, "aiLlms": []})
    server.replies = lambda request: empty if request.path.startswith("/ai/llm?") else gone
    refused = preview("destroy", "-e", "pr-123", "--yes")
    assert refused.returncode == 8
    assert "if they were really deleted, pass --allow-gone to remove them from the lockfile" in refused.stderr
    assert preview("destroy", "-e", "pr-123", "--yes", "--allow-gone").returncode == 0
    assert not list(preview.folder.glob("*.lock*"))


def test_a_cap_refuses_it_all(preview, on_server):
    done = preview("destroy", "-e", "pr-123", "--yes", "--max-deletes", "1")
    assert done.returncode == 8
    assert "--max-deletes 2" in done.stderr
    assert preview("destroy", "-e", "pr-123", "--max-deletes", "many").returncode == 64
    assert set(on_server()) == {"One", "Two"}


def test_a_second_time_there_is_nothing_to_do(preview):
    assert preview("destroy", "-e", "pr-123", "--yes").returncode == 0
    done = preview("destroy", "-e", "pr-123", "--yes")
    assert done.returncode == 0
    assert "There is nothing to destroy: fbsync.pr-123.lock does not exist." in done.stderr
    assert done.stdout == "Apply complete! Resources: 0 added, 0 changed, 0 destroyed.\n"
    assert not list(preview.folder.glob("*.lock*"))


def test_what_cannot_be_deleted_stays_known(preview, server, on_server):
    row = on_server()["One"]["id"]
    refused = Reply(status=403, body={"success": False, "message": "in use by a repository"})
    server.replies = lambda request: refused if request.method == "DELETE" and row in request.path else None
    done = preview("destroy", "-e", "pr-123", "--yes")
    assert done.returncode == 5
    known = json.loads((preview.folder / "fbsync.pr-123.lock").read_text())["llms"]
    assert [llm["name"] for llm in known] == ["One"]
    server.replies = lambda request: None
    assert preview("destroy", "-e", "pr-123", "--yes").returncode == 0
    assert on_server() == {}


def test_what_was_deleted_outside_counts_as_deleted(preview, server):
    gone = Reply(status=404, body={"success": False, "message": "not found"})
    server.replies = lambda request: gone if request.method == "DELETE" else None
    assert preview("destroy", "-e", "pr-123", "--yes").returncode == 0
    assert not list(preview.folder.glob("*.lock*"))


def test_a_part_by_name(preview, on_server):
    assert preview("destroy", "-e", "pr-123", "--only", "One", "--yes").returncode == 0
    assert set(on_server()) == {"Two"}
    assert (preview.folder / "fbsync.pr-123.lock").exists()
