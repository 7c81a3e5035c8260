"""Saved plans: only what was reviewed is applied."""

import json

import plain_http
import pytest
from cli_world import MANIFEST

from fbsync.schema.validate import Kind, validate


@pytest.fixture
def save(project):
    """Save a plan; return the content of the file."""

    def plan(*args, env=None):
        done = project("plan", "--out", "reviewed.json", *args, env=env)
        assert done.returncode == 0, done.stderr
        value = json.loads((project.folder / "reviewed.json").read_text())
        assert validate(Kind.PLAN, value) == ()
        return value

    return plan


def stale(done):
    assert done.returncode == 6, (done.stdout, done.stderr)
    assert "the saved plan is stale" in done.stderr
    return done.stderr


ONE_ONLY = MANIFEST[: MANIFEST.index("  - name: Two")]


class TestRoundTrip:
    """Every kind of change is saved, read back and applied."""

    def test_creations(self, project, save, on_server):
        assert {entry["kind"] for entry in save()["resource_changes"]} == {"create"}
        assert project("apply", "reviewed.json").returncode == 0
        assert set(on_server()) == {"One", "Two"}

    def test_an_update_and_a_rotation(self, project, save, server):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        project.credential("SECRET_TWO", "canary-rotated-c0ffee")
        save()
        done = project("apply", "reviewed.json")
        assert done.returncode == 0, done.stderr
        assert {tuple(request.body) for request in server.writes[2:]} == {("endpoint",), ("secret",)}

    def test_a_deletion(self, project, save, on_server):
        project("apply")
        project.write("fbsync.yaml", ONE_ONLY)
        save("--prune")
        assert project("apply", "reviewed.json").returncode == 0
        assert set(on_server()) == {"One"}

    def test_an_adoption(self, project, save, on_server):
        project("apply")
        (project.folder / "fbsync.lock").unlink()
        assert project("plan", "--refresh", "--out", "reviewed.json").returncode == 8
        assert project("apply", "reviewed.json").returncode == 8
        assert {entry["kind"] for entry in save("--refresh", "--adopt")["resource_changes"]} == {"adopt"}
        assert project("apply", "reviewed.json").returncode == 0
        assert len(project.lockfile["llms"]) == 2

    def test_a_deletion_of_what_is_gone_already(self, project, save, on_server, sandbox):
        project("apply")
        delete(sandbox, on_server()["Two"]["id"])
        project.write("fbsync.yaml", ONE_ONLY)
        assert "delete" in {entry["kind"] for entry in save("--refresh", "--prune")["resource_changes"]}
        assert project("apply", "reviewed.json").returncode == 0
        assert [llm["name"] for llm in project.lockfile["llms"]] == ["One"]

    def test_a_rename(self, project, save, on_server):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("name: One", "name: First\n    previousName: One"))
        save()
        assert project("apply", "reviewed.json").returncode == 0
        assert set(on_server()) == {"First", "Two"}

    def test_nothing_to_do(self, project, save, server):
        project("apply")
        save()
        assert project("apply", "reviewed.json").returncode == 0
        assert len(server.writes) == 2

    def test_an_environment_and_a_limit(self, project, save, server):
        project.write("fbsync.yaml", MANIFEST + "environments: {staging: {llms: {Two: {aiType: OTHER}}}}\n")
        save("-e", "staging", "--only", "Two")
        assert project("apply", "reviewed.json").returncode == 0
        assert [(request.body["name"], request.body["aiType"]) for request in server.writes] == [("Two", "OTHER")]
        assert (project.folder / "fbsync.staging.lock").exists()


def delete(sandbox, llm_id):
    plain_http.delete(f"{sandbox.url}/ai/llm/{llm_id}", headers={"Authorization": f"Bearer {sandbox.token}"})


class TestStale:
    def test_a_manifest_that_says_something_else_now(self, project, save, server):
        save()
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "evil.example.com"))
        said = stale(project("apply", "reviewed.json"))
        assert '"One"' in said
        assert "endpoint to be: https://one.example.com/v1 then, https://evil.example.com/v1 now" in said
        assert '"Two"' not in said
        assert server.writes == []

    def test_a_credential_that_was_rotated_since(self, project, save, server):
        save()
        project.credential("SECRET_ONE", "canary-rotated-c0ffee")
        assert "the value of $SECRET_ONE has changed since the plan was made" in stale(
            project("apply", "reviewed.json")
        )
        assert server.writes == []

    def test_what_was_done_already(self, project, save):
        save()
        project("apply")
        assert "was to be created, but would now be unchanged" in stale(project("apply", "reviewed.json"))

    def test_what_somebody_changed_outside(self, project, save, on_server, sandbox):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        save()
        url = f"{sandbox.url}/ai/llm/{on_server()['One']['id']}"
        changed = {"endpoint": "https://outside.example.com"}
        plain_http.put(url, json=changed, headers={"Authorization": f"Bearer {sandbox.token}"})
        said = stale(project("apply", "reviewed.json"))
        assert "endpoint to begin with: https://one.example.com/v1 then, https://outside.example.com now" in said

    def test_what_somebody_created_outside(self, project, save, sandbox, workspace):
        save()
        rival = {
            "name": "One",
            "aiType": "OTHER",
            "endpoint": "https://r.example.com",
            "secret": "r",
            "workspaceId": workspace,
        }
        plain_http.post(f"{sandbox.url}/ai/llm", json=rival, headers={"Authorization": f"Bearer {sandbox.token}"})
        assert "was to be created, but would now be taken over" in stale(project("apply", "reviewed.json"))

    def test_what_somebody_deleted_outside(self, project, save, on_server, sandbox):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        save()
        delete(sandbox, on_server()["One"]["id"])
        assert "was to be updated, but would now be created" in stale(project("apply", "reviewed.json"))

    def test_an_entry_that_is_gone(self, project, save):
        save()
        project.write("fbsync.yaml", ONE_ONLY)
        assert "was to be created, but is no longer declared or in the lockfile" in stale(
            project("apply", "reviewed.json")
        )

    def test_a_lockfile_that_is_another_one(self, project, scrypt, save):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        save()
        (project.folder / "fbsync.lock").unlink()
        project("apply", "--adopt")
        assert "the lockfile is no longer the one" in stale(project("apply", "reviewed.json"))

    def test_the_reasons_are_in_the_document(self, project, save):
        save()
        project.credential("SECRET_ONE", "canary-rotated-c0ffee")
        document = json.loads(project("apply", "reviewed.json", "--format", "json").stdout)
        assert validate(Kind.RESULT, document) == ()
        assert document["exit_code"] == 6
        assert [refusal["name"] for refusal in document["error"]["refusals"]] == ["One"]


class TestNotStale:
    def test_a_change_elsewhere_is_left_for_its_own_review(self, project, save, server):
        project("apply", "--only", "One")
        project.write("fbsync.yaml", MANIFEST)
        save("--only", "Two")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        assert project("apply", "reviewed.json").returncode == 0
        assert [request.body["name"] for request in server.writes] == ["One", "Two"]

    def test_what_was_unchanged_in_the_plan_is_not_touched(self, project, save, server):
        project("apply", "--only", "One")
        save()
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        assert project("apply", "reviewed.json").returncode == 0
        assert [request.method for request in server.writes] == ["POST", "POST"]
        assert "1 to change" in project("plan").stdout

    def test_a_plan_without_credentials_is_applied_with_them(self, project, save, server):
        """Apply decides about what the plan marked as unverified; everything else must be as reviewed."""
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        save(env=dict.fromkeys([*project.credentials, "FLASHBACK_TOKEN", "FLASHBACK_WORKSPACE_ID"]))
        done = project("apply", "reviewed.json")
        assert done.returncode == 0, done.stderr
        assert [request.body for request in server.writes[2:]] == [{"endpoint": "https://uno.example.com/v1"}]


class TestTheFile:
    def test_it_holds_no_secret_and_is_the_plans_document(self, project, save):
        saved = save()
        printed = json.loads(project("plan", "--format", "json").stdout)
        assert {**saved, "saved": None} == {**printed, "saved": None}
        assert len(saved["saved"]["credentials"]) == 3

    @pytest.mark.parametrize(
        ("damage", "rule"),
        [
            (lambda text: text[: len(text) // 2], "plan-syntax"),
            (lambda text: text.replace('"2.0"', '"3.0"'), "plan-newer"),
            (lambda text: text.replace('"kind": "create"', '"kind": "created"'), "plan-wrong-value"),
            (lambda text: "<<<<<<< HEAD\n" + text, "conflict-marker"),
            (lambda text: "", "plan-syntax"),
            (lambda text: "[]", "plan-wrong-type"),
        ],
    )
    def test_a_damaged_one_is_a_finding_at_its_place(self, project, save, server, damage, rule):
        save()
        path = project.folder / "reviewed.json"
        path.write_text(damage(path.read_text()))
        done = project("apply", "reviewed.json", "--format", "json")
        assert done.returncode == 3
        findings = json.loads(done.stdout)["findings"]
        assert rule in {finding["rule"] for finding in findings}
        assert {finding["file"] for finding in findings} == {"reviewed.json"}
        assert server.requests == []

    def test_one_that_is_not_there_or_was_only_printed(self, project):
        assert "there is no such saved plan" in project("apply", "none.json").stderr
        project.write("printed.json", project("plan", "--format", "json").stdout)
        done = project("apply", "printed.json")
        assert done.returncode == 3
        assert "was printed with --format json, not saved" in done.stderr

    @pytest.mark.parametrize(
        "beside", [["-f", "x.yaml"], ["-e", "x"], ["--only", "One"], ["--prune"], ["--no-refresh"]]
    )
    def test_what_it_says_itself_cannot_be_said_beside_it(self, project, save, beside):
        save()
        assert project("apply", "reviewed.json", *beside).returncode == 64


class TestResultAndEvents:
    def test_they_say_what_stdout_says(self, project):
        done = project("apply", "--format", "json", "--result", "result.json", "--events", "events.jsonl")
        assert (project.folder / "result.json").read_text() == done.stdout
        events = [json.loads(line) for line in (project.folder / "events.jsonl").read_text().splitlines()]
        assert [event["event"] for event in events] == ["started", "outcome", "outcome", "finished"]
        assert sorted(event["entry"]["name"] for event in events[1:3]) == ["One", "Two"]
        assert events[-1]["exit_code"] == 0

    def test_a_failure_before_the_first_change_is_a_result_too(self, project):
        done = project("apply", "--result", "result.json", env={"FLASHBACK_TOKEN": None})
        document = json.loads((project.folder / "result.json").read_text())
        assert validate(Kind.RESULT, document) == ()
        assert document["exit_code"] == done.returncode == 4
