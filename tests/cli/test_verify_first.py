"""``apply --verify-first``: refused values replace nothing, and no temporary configuration stays."""

import json
import os
import re
import shutil
import signal
import subprocess

import httpx
import plain_http
import pytest
from cli_world import MANIFEST
from recorder import Reply
from selection import few_of

import fbsync
from fbsync.model.temporary import TEMPORARY_NAME
from fbsync.schema.validate import Kind, validate

ROTATED = "canary-rotated-41c9"
INVALID = "canary-invalid-81c3"
"""A credential that the sandbox's provider refuses."""


@pytest.fixture
def applied(project, server):
    assert project("apply").returncode == 0
    server.requests.clear()
    return project


def is_temporary(name):
    return re.fullmatch(TEMPORARY_NAME, name or "") is not None


def calls(server):
    """The requests to the server except lists, in order; `try` is the creation of a temporary configuration."""
    found = []
    for request in server.requests:
        if request.path.endswith("/validate"):
            found.append("validate")
        elif request.writes:
            trial = request.method == "POST" and is_temporary(request.body["name"])
            found.append("try" if trial else request.method)
    return found


def entries(done):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return {entry["name"]: entry for entry in document["entries"]}


def is_call(request, call):
    if call == "try":
        return request.method == "POST" and is_temporary(request.body.get("name"))
    if call == "validate":
        return request.path.endswith("/validate")
    return request.method == call


def signed_in(sandbox):
    return {"Authorization": f"Bearer {sandbox.token}"}


def accepted(project):
    """Whether the provider accepts what is on the server."""
    return project("verify").returncode == 0


def test_what_the_provider_refuses_changes_nothing_and_the_others_go_on(applied, server, on_server):
    applied.credential("SECRET_ONE", INVALID)
    applied.credential("SECRET_TWO", ROTATED)
    before = on_server()
    done = applied("apply", "--verify-first", "--format", "json")
    assert done.returncode == 5
    found = entries(done)
    assert (found["One"]["outcome"], found["One"]["verified_first"]) == ("failed", "refused")
    assert "The provider refused the credentials" in found["One"]["error"]["message"]
    assert (found["Two"]["outcome"], found["Two"]["verified_first"]) == ("updated", "accepted")
    assert [request.body for request in server.requests if request.method == "PUT"] == [{"secret": ROTATED}]
    assert on_server() == before
    assert accepted(applied)
    assert not (applied.folder / "fbsync.lock.journal").exists()
    again = applied("apply", "--verify-first")
    assert "One: failed: the provider refused the new values, so nothing was changed" in again.stdout


def test_the_change_comes_after_the_verdict_and_the_deletion(applied, server):
    applied.credential("SECRET_ONE", ROTATED)
    done = applied("apply", "--verify-first")
    assert done.returncode == 0, done.stdout
    assert "One: updated (sent secret; accepted by the provider first)" in done.stdout
    assert calls(server) == ["try", "validate", "DELETE", "PUT"]
    sent = server.requests[1].body
    assert {**sent, "name": ""} == {
        "name": "",
        "aiType": "OPENAI",
        "endpoint": "https://one.example.com/v1",
        "secret": ROTATED,
        "workspaceId": applied.environment["FLASHBACK_WORKSPACE_ID"],
    }


def test_an_entry_asks_for_it_by_itself_and_an_environment_does_not(applied, server):
    manifest = MANIFEST.replace("    secret: $SECRET_ONE\n", "    secret: $SECRET_ONE\n    verifyFirst: true\n")
    applied.write("fbsync.yaml", manifest + "environments:\n  dev:\n    llms:\n      One: {verifyFirst: false}\n")
    assert "No changes" in applied("plan").stdout
    applied.credential("SECRET_ONE", ROTATED)
    applied.credential("SECRET_TWO", ROTATED)
    planned = applied("plan", "--format", "json")
    assert [change.get("verify_first") for change in json.loads(planned.stdout)["resource_changes"]] == [True, None]
    assert applied("apply").returncode == 0
    assert sorted(calls(server)) == ["DELETE", "PUT", "PUT", "try", "validate"]
    applied.credential("SECRET_ONE", INVALID)
    dev = applied("plan", "-e", "dev", "--lock-file", "fbsync.lock")
    assert "verified first" not in dev.stdout


def test_what_replaces_nothing_is_not_tried(project, server):
    assert project("apply", "--verify-first").returncode == 0
    assert calls(server) == ["POST", "POST"]
    server.requests.clear()
    project.write("fbsync.yaml", MANIFEST.replace("name: One", "name: Uno\n    previousName: One"))
    assert project("apply", "--verify-first").returncode == 0
    assert calls(server) == ["PUT"]


def test_an_adoption_is_tried(project, server, on_server):
    project.credential("SECRET_ONE", INVALID)
    assert project("apply").returncode == 0
    (project.folder / "fbsync.lock").unlink()
    server.requests.clear()
    assert project("apply", "--adopt", "--verify-first").returncode == 5
    assert sorted(calls(server)) == ["DELETE", "DELETE", "PUT", "try", "try", "validate", "validate"]
    assert {entry["name"] for entry in project.lockfile["llms"]} == {"Two"}


def test_a_changed_endpoint_needs_the_credential(applied, server):
    applied.write("fbsync.yaml", MANIFEST.replace("https://one.example.com/v1", "https://one.example.com/v2"))
    assert applied("plan", "--verify-first", env={"SECRET_ONE": None}).returncode == 0
    refused = applied("apply", "--verify-first", env={"SECRET_ONE": None})
    assert refused.returncode == 3
    assert "$SECRET_ONE is not set" in refused.stderr
    assert calls(server) == []
    assert applied("apply", "--verify-first").returncode == 0
    assert calls(server) == ["try", "validate", "DELETE", "PUT"]


def test_the_plan_says_that_it_is_billed(applied):
    applied.credential("SECRET_ONE", ROTATED)
    said = "1 change is first verified with the provider, on a temporary configuration; this may be billed."
    for format_ in ("text", "markdown", "html"):
        shown = applied("plan", "--verify-first", "--format", format_).stdout
        assert said.split(";", maxsplit=1)[0] in shown
        assert "verified first" in shown
    document = json.loads(applied("plan", "--verify-first", "--format", "json").stdout)
    assert validate(Kind.PLAN, document) == ()
    assert said in document["comparison"]
    assert "be billed" in " ".join(applied("apply", "--help").stdout.split())


def test_a_saved_plan_keeps_it(applied, server):
    applied.credential("SECRET_ONE", ROTATED)
    assert applied("plan", "--verify-first", "--out", "plan.json").returncode == 0
    assert applied("apply", "plan.json").returncode == 0
    assert calls(server) == ["try", "validate", "DELETE", "PUT"]


def test_the_library_has_it(applied, server):
    applied.credential("SECRET_ONE", INVALID)
    inputs = fbsync.load(applied.folder / "fbsync.yaml", variables={**applied.environment, **applied.credentials})
    assert [change.verify_first for change in fbsync.plan(inputs, verify_first=True).plan.changes[:1]] == [True]
    done = fbsync.apply(inputs, verify_first=True)
    assert (done.outcomes[0].result, done.outcomes[0].first) == (fbsync.Result.FAILED, "refused")
    assert calls(server) == ["try", "validate", "DELETE"]


def test_entries_that_swap_their_names_are_tried_before_either_is_renamed(applied, server, on_server):
    swapped = MANIFEST.replace("name: One", "name: X\n    previousName: One")
    swapped = swapped.replace("name: Two", "name: One\n    previousName: Two").replace("name: X", "name: Two")
    applied.write("fbsync.yaml", swapped)
    applied.credential("SECRET_ONE", INVALID)
    before = {name: row["id"] for name, row in on_server().items()}
    assert applied("apply", "--verify-first").returncode == 5
    assert {name: row["id"] for name, row in on_server().items()} == before
    applied.credential("SECRET_ONE", ROTATED)
    assert applied("apply", "--verify-first").returncode == 0
    assert {name: row["id"] for name, row in on_server().items()} == {"One": before["Two"], "Two": before["One"]}


def test_no_verdict_changes_nothing(applied, server, on_server):
    """Neither a server without the call nor one that never answers gives a verdict."""
    applied.credential("SECRET_ONE", ROTATED)
    for reply, verdict in ((Reply(status=405, body={}), "failed"), (Reply(drop=True), "unknown")):
        server.requests.clear()
        server.replies = lambda request, reply=reply: reply if is_call(request, "validate") else None
        done = applied("apply", "--verify-first", "--format", "json")
        entry = entries(done)["One"]
        assert (done.returncode, entry["outcome"], entry["verified_first"]) == (5, "failed", verdict)
        assert calls(server) == ["try", "validate", "DELETE"]
        assert set(on_server()) == {"One", "Two"}


def test_a_deletion_that_fails_is_told_and_made_up_for(applied, server, on_server):
    applied.credential("SECRET_ONE", ROTATED)
    server.replies = lambda request: Reply(status=403, body={"message": "no"}) if request.method == "DELETE" else None
    done = applied("apply", "--verify-first")
    assert done.returncode == 5
    assert "One: updated" in done.stdout
    assert re.search(rf'its temporary configuration "{TEMPORARY_NAME}" \(id .*\) could not be deleted', done.stdout)
    assert "Apply incomplete!" in done.stdout

    still = applied("apply", "--events", "events.jsonl", "--format", "json")
    assert still.returncode == 5
    document = json.loads(still.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert [entry["outcome"] for entry in document["temporary"]] == ["left"]
    events = [json.loads(line) for line in (applied.folder / "events.jsonl").read_text().splitlines()]
    assert [event["entry"]["outcome"] for event in events if event["event"] == "temporary"] == ["left"]

    server.replies = lambda request: None
    over = applied("apply")
    assert over.returncode == 0
    assert "Deleted 1 temporary configuration that an earlier run had left." in over.stdout
    assert set(on_server()) == {"One", "Two"}


def killed_at(applied, server, call, *, processed):
    """Rotate to a key that the provider refuses, and kill the run at one of its calls."""
    applied.credential("SECRET_ONE", INVALID)
    runs = []

    def kill(request):
        if not is_call(request, call):
            return None
        server.replies = lambda request: None
        runs[0].kill()
        return Reply(drop=True, processed=processed)

    server.replies = kill
    runs.append(applied.process("apply", "--verify-first"))
    assert applied.finish(runs[0]).returncode == -signal.SIGKILL


CRASHES = [(call, processed) for call in ("try", "validate", "DELETE") for processed in (False, True)]


def reverted(applied):
    applied.credential("SECRET_ONE", applied.first)
    return "apply", "--yes"


def emptied(applied):
    applied.write("fbsync.yaml", "version: 1\nllms: []\n")
    return "apply", "--yes"


def again(_applied):
    return "apply", "--yes", "--verify-first"


def destroyed(_applied):
    return "destroy", "--yes"


@pytest.mark.parametrize(
    ("call", "processed", "then"),
    [
        *((call, processed, reverted) for call, processed in CRASHES),
        *(("try", True, then) for then in (emptied, again, destroyed)),
        *(("DELETE", False, then) for then in (emptied, again, destroyed)),
    ],
)
def test_a_crash_at_any_call_leaves_the_working_key_and_the_next_run_leaves_nothing_else(
    applied, server, on_server, call, processed, then
):
    applied.first = applied.credentials["SECRET_ONE"]
    before = {name: row["id"] for name, row in on_server().items()}
    killed_at(applied, server, call, processed=processed)
    assert not [request for request in server.requests if request.method == "PUT"]
    done = applied(*then(applied))
    assert done.returncode == (5 if then is again else 0), done.stdout + done.stderr
    assert {name: row["id"] for name, row in on_server().items()} == ({} if then is destroyed else before)
    assert (applied.folder / "fbsync.lock.journal").exists() == ((call, processed) == ("try", False))


def test_what_a_crash_left_is_no_stranger_and_counts_in_no_guard(applied, server, on_server, sandbox):
    applied.first = applied.credentials["SECRET_ONE"]
    killed_at(applied, server, "validate", processed=False)
    (left,) = set(on_server()) - {"One", "Two"}
    applied.credential("SECRET_ONE", applied.first)
    planned = applied("plan", "--refresh")
    assert "may have left 1 temporary configuration, which the next one deletes" in planned.stdout
    assert "No changes" in planned.stdout
    drift = applied("drift")
    assert drift.returncode == 0
    for done in (planned, drift):
        assert left not in done.stdout + done.stderr
    assert "may have left 1 temporary configuration" in drift.stderr
    state = json.loads(applied("state", "list", "--format", "json").stdout)
    assert validate(Kind.RESULT, state) == ()
    assert [one["name"] for one in state["state"]["temporary"]] == [left]
    assert "run `fbsync apply` first, then export" in applied("export").stderr
    for name in ("One", "Two"):
        plain_http.delete(f"{sandbox.url}/ai/llm/{on_server()[name]['id']}", headers=signed_in(sandbox))
    refused = applied("apply", "--yes")
    assert refused.returncode == 8
    assert "the server lists none" in " ".join(refused.stderr.split())
    assert applied("apply", "--yes", "--recreate").returncode == 0
    assert set(on_server()) == {"One", "Two"}


def test_one_that_is_created_only_after_the_crash_is_removed_later(applied, server, on_server, sandbox):
    """The request was on its way when the run was killed, and the server carried it out after the next run's list."""
    applied.first = applied.credentials["SECRET_ONE"]
    killed_at(applied, server, "try", processed=False)
    (body,) = [request.body for request in server.requests if is_call(request, "try")]
    applied.credential("SECRET_ONE", applied.first)
    assert applied("apply").returncode == 0
    assert httpx.post(f"{sandbox.url}/ai/llm", json=body, headers=signed_in(sandbox)).status_code == 200
    assert set(on_server()) == {"One", "Two", body["name"]}
    assert applied("apply").returncode == 0
    assert set(on_server()) == {"One", "Two"}


def test_without_a_list_it_goes_by_the_recorded_id(applied, server, on_server):
    applied.first = applied.credentials["SECRET_ONE"]
    killed_at(applied, server, "validate", processed=False)
    applied.credential("SECRET_ONE", applied.first)
    server.replies = lambda request: Reply(status=405, body={}) if request.method == "GET" else None
    assert applied("apply").returncode == 0
    assert set(on_server()) == {"One", "Two"}


def test_a_journal_that_names_something_else_as_temporary_has_nothing_deleted(applied, server, on_server):
    """fbsync deletes only a name that it gives itself, and no id that is known or listed as something else."""
    killed_at(applied, server, "validate", processed=False)
    journal = applied.folder / "fbsync.lock.journal"
    text, ids = journal.read_text(), {name: row["id"] for name, row in on_server().items()}
    (left,) = ids.keys() - {"One", "Two"}
    journal.write_text(text.replace(left, "One"))
    assert applied("apply").returncode == 3
    journal.write_text(text.replace(ids[left], ids["Two"]).replace(left, "fbsync-temporary-0000000000000000"))
    applied.credential("SECRET_ONE", ROTATED)
    assert applied("apply").returncode == 0
    assert set(on_server()) == {"One", "Two", left}


def test_an_interrupt_has_it_deleted_and_nothing_changed(applied, server, on_server):
    applied.credential("SECRET_ONE", ROTATED)
    runs = []

    def interrupt(request):
        if is_call(request, "validate"):
            runs[0].send_signal(signal.SIGINT)
            return Reply(body={"success": True}, delay=0.5)
        return None

    server.replies = interrupt
    runs.append(applied.process("apply", "--verify-first", "--parallelism", "1"))
    done = applied.finish(runs[0])
    assert done.returncode == 130
    assert calls(server) == ["try", "validate", "DELETE"]
    assert set(on_server()) == {"One", "Two"}
    assert not (applied.folder / "fbsync.lock.journal").exists()


@pytest.fixture
def shared(project, server, tmp_path_factory):
    """The same, with the known state in a git ref of the remote."""
    remote = tmp_path_factory.mktemp("remote") / "remote.git"
    for arguments in (["init", "--bare", remote], ["init", project.folder]):
        subprocess.run(["git", *arguments], check=True, capture_output=True)
    subprocess.run(["git", "remote", "add", "origin", remote], check=True, capture_output=True, cwd=project.folder)
    project.environment |= {"FBSYNC_STATE": "git", "GIT_CONFIG_GLOBAL": os.devnull, "GITHUB_ACTOR": "ada"}
    assert project("state", "init").returncode == 0
    assert project("apply").returncode == 0
    server.requests.clear()
    return project


@pytest.mark.parametrize(
    ("call", "processed"), few_of([("try", True), ("validate", False), ("DELETE", True)], ("validate", False))
)
def test_with_a_shared_state_any_machine_removes_it(shared, server, on_server, call, processed):
    shared.first = shared.credentials["SECRET_ONE"]
    killed_at(shared, server, call, processed=processed)
    assert shared("state", "unlock", "--yes").returncode == 0
    for name in (".git/fbsync", ".local"):
        shutil.rmtree(shared.folder / name, ignore_errors=True)
    done = shared(*reverted(shared))
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(on_server()) == {"One", "Two"}
    assert json.loads(shared("state", "list", "--format", "json").stdout)["state"]["open_requests"] == 0
