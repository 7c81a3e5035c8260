"""Compare the known state with the server: `drift` and `plan --refresh`."""

import json

import plain_http
import pytest
from cli_world import MANIFEST
from recorder import Reply

from fbsync.schema.validate import Kind, validate


@pytest.fixture
def outside(sandbox, on_server):
    """Call the API as somebody else does, without fbsync."""

    def call(method, one=None, /, **fields):
        path = f"/ai/llm/{on_server()[one]['id']}" if one else "/ai/llm"
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        plain_http.request(method, f"{sandbox.url}{path}", json=fields or None, headers=headers).raise_for_status()

    return call


@pytest.fixture
def somebody_elses(outside, workspace):
    outside(
        "POST",
        name="Foreign \x1b[2J",
        aiType="OTHER",
        endpoint="https://foreign.example.com",
        secret="made-up-by-them",
        workspaceId=workspace,
    )


def document_of(done):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return document


def kinds(done):
    return [(entry["kind"], entry["name"]) for entry in document_of(done)["drift"]["entries"]]


class TestDrift:
    def test_after_an_apply_there_is_none(self, project, server):
        project("apply")
        done = project("drift")
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            f"Server: {server.url}",
            "Compared with fbsync.lock and with the server. Credentials are not compared: the server never shows them.",
            "",
            "No drift: 2 unchanged.",
        ]
        assert len(server.writes) == 2

    def test_it_needs_no_credential(self, project):
        project("apply")
        done = project("drift", env=dict.fromkeys(project.credentials))
        assert done.returncode == 0, done.stderr

    def test_a_change_outside(self, project, server, outside, on_server):
        project("apply")
        outside("PUT", "One", endpoint="https://moved.example.com")
        done = project("drift")
        assert done.returncode == 2
        assert f"  ~ One (workspace {on_server()['One']['workspaceId']}, id {on_server()['One']['id']})" in done.stdout
        assert "      endpoint: https://one.example.com/v1 → https://moved.example.com" in done.stdout
        assert done.stdout.endswith("Drift: 1 changed, 0 deleted, 0 replaced, 1 unchanged.\n")
        assert len(server.writes) == 2
        assert on_server()["One"]["endpoint"] == "https://moved.example.com"

    def test_a_change_of_the_manifest_alone_is_none(self, project):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        assert project("drift").returncode == 0

    def test_a_deletion_outside(self, project, outside):
        project("apply")
        outside("DELETE", "Two")
        assert kinds(project("drift", "--format", "json")) == [("deleted", "Two")]

    def test_a_replacement_outside(self, project, outside, workspace, on_server):
        project("apply")
        known = on_server()["One"]["id"]
        outside("DELETE", "One")
        outside("POST", name="One", aiType="OTHER", endpoint="https://o.example.com", secret="x", workspaceId=workspace)
        done = project("drift", "--format", "json")
        assert done.returncode == 2
        (entry,) = document_of(done)["drift"]["entries"]
        assert (entry["kind"], entry["id"], entry["live_ids"]) == ("replaced", known, [on_server()["One"]["id"]])
        assert entry["fields"] == ["aiType", "endpoint"]

    def test_what_is_unmanaged_is_named_and_alone_is_no_drift(self, project, somebody_elses):
        project("apply")
        done = project("drift")
        assert done.returncode == 0
        assert "  ? Foreign \\x1b[2J (workspace " in done.stdout
        assert "unmanaged: neither declared nor in the lockfile" in done.stdout
        assert done.stdout.endswith("No drift: 2 unchanged. 1 unmanaged.\n")

    def test_before_the_first_apply(self, project, somebody_elses, server):
        done = project("drift", "--format", "json")
        assert kinds(done) == [("unmanaged", "Foreign \x1b[2J")]
        assert done.returncode == 0
        assert not (project.folder / "fbsync.lock").exists()

    def test_what_a_lost_lockfile_knew_is_to_be_adopted(self, project):
        project("apply")
        (project.folder / "fbsync.lock").unlink()
        assert kinds(project("drift", "--format", "json")) == [("unadopted", "One"), ("unadopted", "Two")]

    def test_only_some(self, project, outside, somebody_elses):
        project("apply")
        outside("DELETE", "Two")
        assert kinds(project("drift", "--format", "json", "--only", "One")) == []
        assert kinds(project("drift", "--format", "json", "--only", "Two")) == [("deleted", "Two")]
        assert project("drift", "--only", "Foreign \x1b[2J").returncode == 0
        unknown = project("drift", "--only", "Three")
        assert unknown.returncode == 3
        assert "neither in the manifest nor in the lockfile" in unknown.stderr

    def test_what_a_killed_apply_made_is_known(self, project, server, on_server):
        process = project.process("apply", "--parallelism", "1")
        server.replies = lambda request: process.kill() if len(server.writes) == 2 else None
        project.finish(process)
        server.replies = lambda request: None
        while len(on_server()) < 2:
            continue  # the request is still on its way
        done = project("drift")
        assert done.returncode == 0, done.stdout
        assert done.stdout.endswith("No drift: 2 unchanged.\n")
        assert "A previous apply was interrupted with " in done.stderr

    def test_what_a_killed_apply_may_have_done_itself_is_in_doubt(self, project, server, on_server):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        process = project.process("apply")
        server.replies = lambda request: process.kill() if request.method == "PUT" else None
        project.finish(process)
        server.replies = lambda request: None
        while "uno" not in on_server()["One"]["endpoint"]:
            continue  # the request is still on its way
        done = project("drift", "--format", "json")
        assert [(entry["name"], entry["in_doubt"]) for entry in document_of(done)["drift"]["entries"]] == [
            ("One", True)
        ]


class TestDriftFailures:
    @pytest.mark.parametrize(
        ("reply", "code", "said"),
        [
            ({"status": 403}, 4, "answered 403"),
            ({"status": 404}, 1, "answered 404"),
            ({"status": 405}, 1, "answered 405"),
            ({"status": 500}, 1, "answered 500"),
            ({"status": 401}, 4, "set a fresh FLASHBACK_TOKEN"),
            ({"drop": True}, 1, "closed the connection"),
            ({"body": {"success": True}}, 1, "it has no list"),
        ],
    )
    def test_a_server_that_cannot_list_is_an_error(self, project, server, reply, code, said):
        project("apply")
        server.replies = lambda request: Reply(**({"body": {"success": False, "message": "no"}} | reply))
        done = project("drift", "--retry-timeout", "0", "--format", "json")
        assert done.returncode == code
        error = document_of(done)["error"]
        assert said in f"{error['message']} {error['hint']}"

    def test_a_busy_server_is_asked_again(self, project, server):
        project("apply")
        busy = iter([Reply(status=503, body={})])
        server.replies = lambda request: next(busy, None)
        done = project("drift", "-v")
        assert done.returncode == 0
        assert [line.split(",")[0] for line in done.stderr.splitlines()] == ["GET /ai/llm: 503", "GET /ai/llm: 200"]

    def test_without_a_token(self, project, server):
        done = project("drift", "--format", "json", env={"FLASHBACK_TOKEN": None})
        assert done.returncode == 4
        assert "FLASHBACK_TOKEN" in document_of(done)["error"]["hint"]
        assert server.requests == []

    def test_a_workspace_that_is_not_known(self, project, server):
        done = project("drift", "--format", "json", env={"FLASHBACK_WORKSPACE_ID": None})
        assert done.returncode == 3
        assert {finding["rule"] for finding in document_of(done)["findings"]} == {"missing-variable"}
        assert server.requests == []

    def test_the_lockfile_of_another_server(self, project):
        project("apply")
        assert project("drift", "--api-url", "http://127.0.0.1:9").returncode == 3

    def test_plain_http_to_another_machine_is_warned_about(self, project):
        done = project("drift", "--api-url", "http://no-such-host.invalid", "--retry-timeout", "0")
        assert "uses http" in done.stderr
        assert done.returncode == 1


class TestPlanRefresh:
    def test_it_sees_what_changed_outside(self, project, server, outside):
        project("apply")
        outside("PUT", "One", endpoint="https://one.example.com/v2")
        outside("DELETE", "Two")
        assert project("plan", "--detailed-exitcode").returncode == 0
        done = project("plan", "--refresh", "--detailed-exitcode", env=dict.fromkeys(project.credentials))
        assert done.returncode == 2, done.stderr
        assert done.stdout.splitlines()[1] == "Compared with fbsync.lock and with the server."
        assert "https://one.example.com/v2 → https://one.example.com/v1 (changed outside)" in done.stdout
        assert "deleted outside, to recreate" in done.stdout
        assert len(server.writes) == 2

    def test_as_a_document(self, project, outside):
        project("apply")
        outside("PUT", "One", endpoint="https://one.example.com/v2")
        document = json.loads(project("plan", "--refresh", "--format", "json").stdout)
        assert validate(Kind.PLAN, document) == ()
        assert document["compared_with"] == "server"
        assert document["resource_changes"][0]["causes"] == {"endpoint": "outside"}
        assert json.loads(project("plan", "--format", "json").stdout)["compared_with"] == "lockfile"

    def test_it_is_what_apply_then_does(self, project, outside, server):
        project("apply")
        outside("PUT", "One", endpoint="https://one.example.com/v2")
        planned = project("plan", "--refresh").stdout
        assert project("apply").stdout.startswith(planned)

    def test_a_server_that_cannot_list_is_coped_with_and_said_so(self, project, server):
        project("apply")
        server.replies = lambda request: Reply(status=404, body={"success": False})
        done = project("plan", "--refresh", "--format", "json")
        assert done.returncode == 0
        assert "The server would not list workspace" in done.stderr
        assert json.loads(done.stdout)["compared_with"] == "lockfile"

    def test_a_failure_is_a_result_document(self, project, server):
        server.replies = lambda request: Reply(status=401, body={"success": False})
        done = project("plan", "--refresh", "--format", "json")
        assert done.returncode == 4
        assert document_of(done)["error"]["failure"] == "not-signed-in"


def test_the_help_says_what_the_exit_code_means(cli):
    done = cli("drift", "--help")
    assert "\n  fbsync drift\n" in done.stdout
    words = " ".join(done.stdout.split())
    assert "the exit code is then 2" in words
    assert "but are not drift" in words
