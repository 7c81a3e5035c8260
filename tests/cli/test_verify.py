"""``verify`` and ``apply --verify``: the providers' verdicts from the server, each requested at most once."""

import json
import signal

import pytest
from cli_world import MANIFEST
from recorder import Reply

from fbsync.schema.validate import Kind, validate


def calls(server):
    return [request.path for request in server.requests if request.path.endswith("/validate")]


def verdicts(done):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return {entry["name"]: entry for entry in document["verified"]}


@pytest.fixture
def applied(project):
    assert project("apply").returncode == 0
    return project


@pytest.fixture
def refused(project):
    """Make the sandbox's provider refuse the credential of Two."""
    project.credential("SECRET_TWO", "canary-invalid-81c3")
    assert project("apply").returncode == 0
    return project


def test_all_are_accepted(applied, server):
    done = applied("verify")
    assert done.returncode == 0, done.stderr
    assert "2 calls, which may be billed" in done.stderr
    assert sorted(line.split(" (")[0] for line in done.stdout.splitlines()[:-1]) == ["One", "Two"]
    assert done.stdout.endswith("Verified: 2 accepted.\n")
    assert len(calls(server)) == 2
    assert all("secret" not in request.body for request in server.requests if request.path.endswith("/validate"))


def test_one_is_refused(refused):
    done = refused("verify")
    assert done.returncode == 5
    assert "refused by the provider: The provider refused the credentials" in done.stdout
    assert "fix: check the variable's value and the endpoint" in done.stdout
    assert done.stdout.endswith("Verified: 1 accepted, 1 refused.\n")
    found = verdicts(refused("verify", "--format", "json"))
    assert {name: entry["verdict"] for name, entry in found.items()} == {"One": "accepted", "Two": "refused"}


def test_only_one(refused, server):
    assert refused("verify", "--only", "One").returncode == 0
    assert len(calls(server)) == 1
    assert refused("verify", "--only", "Three").returncode == 3
    assert len(calls(server)) == 1


def test_what_is_not_applied_is_not_verified(project, server):
    done = project("verify")
    assert done.returncode == 0
    assert "Not applied yet, so not verified: One, Two." in done.stderr
    assert calls(server) == []


def test_what_is_no_longer_declared_is_verified_only_by_name(applied, server):
    applied.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
    assert verdicts(applied("verify", "--format", "json")).keys() == {"One"}
    assert verdicts(applied("verify", "--only", "Two", "--format", "json")).keys() == {"Two"}


@pytest.mark.parametrize(
    ("reply", "verdict", "words"),
    [
        (Reply(status=500, body={"success": False, "message": "oops"}), "unknown", "the call may be billed"),
        (Reply(status=200, body="<html>"), "unknown", "the call may be billed"),
        (Reply(drop=True), "unknown", "the call may be billed"),
        (Reply(status=404, body={"success": False}), "failed", "fbsync drift"),
        (Reply(status=403, body={"success": False}), "failed", "ask for a role"),
    ],
    ids=["500", "no-json", "dropped", "404", "403"],
)
def test_what_brings_no_verdict_is_not_sent_again(applied, server, reply, verdict, words):
    server.replies = lambda request: reply if request.path.endswith("/validate") else None
    done = applied("verify", "--only", "One", "--format", "json", "--retry-timeout", "5")
    entry = verdicts(done)["One"]
    assert (entry["verdict"], done.returncode) == (verdict, 4 if reply.status == 403 else 5)
    assert words in entry["error"]["hint"]
    assert len(calls(server)) == 1


def test_what_was_certainly_not_processed_is_sent_again(applied, server):
    answers = [Reply(status=429, body={"success": False}, headers={"Retry-After": "0"})]
    server.replies = lambda request: answers.pop() if answers and request.path.endswith("/validate") else None
    assert applied("verify", "--only", "One").returncode == 0
    assert len(calls(server)) == 2


def test_the_providers_words_are_made_safe(applied, server):
    words = "no \x1b[31mred\x1b[0m \u202edaer"
    server.replies = lambda request: (
        Reply(body={"success": False, "message": words}) if request.path.endswith("/validate") else None
    )
    done = applied("verify", "--only", "One")
    assert done.returncode == 5
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_an_interrupted_run_tells_what_it_has(applied, server):
    process = applied.process("verify", "--parallelism", "1", "--format", "json")

    def interrupt(request):
        if request.path.endswith("/validate"):
            process.send_signal(signal.SIGTERM)
            return Reply(body={"success": True, "message": "fine"}, delay=0.4)
        return None

    server.replies = interrupt
    found = verdicts(applied.finish(process))
    assert process.returncode == 143
    assert sorted(entry["verdict"] for entry in found.values()) == ["accepted", "not_attempted"]


class TestAfterAnApply:
    def test_what_was_created_is_verified(self, project, server):
        project.credential("SECRET_TWO", "canary-invalid-81c3")
        done = project("apply", "--verify", "--format", "json", "--result", "result.json", "--events", "events")
        assert done.returncode == 5
        last = json.loads((project.folder / "events").read_text().splitlines()[-1])
        assert (last["event"], last["exit_code"]) == ("finished", 5)
        assert {name: entry["verdict"] for name, entry in verdicts(done).items()} == {
            "One": "accepted",
            "Two": "refused",
        }
        assert {entry["outcome"] for entry in json.loads(done.stdout)["entries"]} == {"created"}
        assert len(project.lockfile["llms"]) == 2
        assert json.loads((project.folder / "result.json").read_text()) == json.loads(done.stdout)

    def test_only_what_changed_is_verified(self, applied, server):
        applied.credential("SECRET_ONE", "canary-rotated-5d")
        done = applied("apply", "--verify")
        assert done.returncode == 0
        assert done.stdout.endswith("Verified: 1 accepted.\n")
        assert len(calls(server)) == 1
        assert applied("apply", "--verify").stdout.endswith("Verified: nothing.\n")
        assert len(calls(server)) == 1

    def test_a_new_name_is_no_reason(self, applied, server):
        applied.write("fbsync.yaml", MANIFEST.replace("name: One", "name: First\n    previousName: One"))
        assert applied("apply", "--verify").returncode == 0
        assert calls(server) == []

    def test_nothing_asks_unasked(self, applied, server):
        applied("drift")
        applied("plan", "--refresh")
        assert calls(server) == []
