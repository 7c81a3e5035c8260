"""A deletion shows how much the configuration was used, and works without that, too."""

import asyncio
import json

import plain_http
import pytest
from cli_world import MANIFEST
from recorder import Reply
from selection import few_of

from fbsync.model.changes import Delete
from fbsync.model.configurations import LockedCredential, LockedLlm
from fbsync.model.plan import Plan
from fbsync.schema.validate import Kind, validate
from fbsync.workflow.usage import usage_of

STATS = "/ai/llm/stats"
ONE_ONLY = MANIFEST[: MANIFEST.index("  - name: Two")]


@pytest.fixture
def pruned(project, server, on_server):
    """Two applied entries, one of them no longer declared. The server says how much each was used."""
    assert project("apply").returncode == 0
    project.write("fbsync.yaml", ONE_ONLY)
    two = on_server()["Two"]["id"]
    answer_stats(server, [{"aiLlmId": two, "totalApiCalls": "12345", "totalTokensIn": "99"}])
    return project


def answer_stats(server, rows, **more):
    reply = Reply(body={"success": True, "stats": rows}, **more)
    server.replies = lambda request: reply if request.path == STATS else None


def asked(server):
    return sum(request.path == STATS for request in server.requests)


@pytest.mark.parametrize("format_", few_of(["text", "markdown", "html", "json"], "text", "json"))
def test_it_stands_beside_the_deletion_and_in_saved_plans(pruned, server, format_):
    options = ("--refresh", "--prune", "--out", "reviewed.json", "--format", format_)
    planned = pruned("plan", *options)
    assert planned.returncode == 0, planned.stderr
    shown = pruned("show", "reviewed.json", "--format", format_)
    assert asked(server) == 1
    for done in (planned, shown):
        if format_ == "json":
            document = json.loads(done.stdout)
            assert validate(Kind.PLAN, document) == ()
            used = {entry["name"]: entry.get("usage") for entry in document["resource_changes"]}
            assert used == {"One": None, "Two": {"totalApiCalls": 12345, "totalTokensIn": 99}}
        else:
            assert "o longer declared; served 12,345 calls" in done.stdout
    applied = pruned("apply", "reviewed.json")
    assert applied.returncode == 0, applied.stderr
    assert "served 12,345 calls" in applied.stdout


def test_the_calls_that_a_sandbox_counted(project, on_server, sandbox):
    assert project("apply").returncode == 0
    url = f"{sandbox.url}/ai/llm/{on_server()['One']['id']}/validate"
    plain_http.post(url, headers={"Authorization": f"Bearer {sandbox.token}"})
    done = project("destroy", "--yes")
    assert done.returncode == 0, done.stderr
    assert "to be destroyed; served 1 call\n" in done.stdout
    assert "to be destroyed; served no calls\n" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--prune"),
        ("plan", "--refresh"),
        ("apply",),
        ("apply", "--prune", "--no-refresh"),
        ("apply", "--prune", "--format", "json"),
    ],
    ids=" ".join,
)
def test_nobody_is_asked_where_nothing_is_deleted_or_shown(pruned, server, arguments):
    assert pruned(*arguments).returncode == 0
    assert asked(server) == 0


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=404, body={"success": False, "message": "no such page"}),
        Reply(status=403, body={"success": False}),
        Reply(status=401, body={"success": False}),
        Reply(status=429, body={}, headers={"Retry-After": "3600"}),
        Reply(status=503, body={}, headers={"Retry-After": "3600"}),
        Reply(body={"success": False, "message": "not today"}),
        Reply(body={"success": True}),
        Reply(body={"success": True, "stats": {"a": 1}}),
        Reply(body={"success": True, "stats": [{"totalApiCalls": "1"}]}),
        Reply(body=["no", "object"]),
        Reply(drop=True),
    ],
    ids=["404", "403", "401", "429", "503", "success-false", "none", "mapping", "no-id", "array", "dropped"],
)
def test_a_server_that_does_not_tell_is_no_trouble(pruned, server, reply):
    server.replies = lambda request: reply if request.path == STATS else None
    planned = pruned("plan", "--refresh", "--prune")
    done = pruned("apply", "--prune", "--yes")
    assert asked(server) == 2
    for run in (planned, done):
        assert run.returncode == 0, run.stderr
        assert "- Two (workspace" in run.stdout
        assert "served" not in run.stdout + run.stderr
        assert "arning" not in run.stdout + run.stderr


@pytest.mark.parametrize("calls", few_of(["many", "-3", "1.5", None, True, [], "9" * 30, "٣"], "-3", None, "٣"))
def test_a_counter_that_is_no_number_is_left_out(pruned, server, on_server, calls):
    answer_stats(server, [{"aiLlmId": on_server()["Two"]["id"], "totalApiCalls": calls}])
    done = pruned("plan", "--refresh", "--prune")
    assert done.returncode == 0, done.stderr
    assert "no longer declared\n" in done.stdout


def test_an_answer_that_does_not_come_is_not_waited_for():
    class Silent:
        async def llm_stats(self):
            await asyncio.Event().wait()

    secret = LockedCredential(reference="SECRET_ONE", fingerprint=None)
    gone = LockedLlm(id="llm-1", name="One", workspace_id="ws", ai_type="OTHER", endpoint="https://a.b", secret=secret)
    plan = Plan(changes=(Delete(locked=gone),), refreshed=True)
    assert asyncio.run(usage_of(Silent(), plan, seconds=0.01)) == ()
