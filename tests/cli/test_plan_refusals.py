"""A plan refuses where apply would, with the same reasons: over random manifests, states and options."""

import json

import plain_http
import pytest
from at_a_terminal import at_a_terminal
from cli_world import MANIFEST
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fbsync.schema.validate import Kind, validate

HEAD = "version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n"
NAMES = [f"Entry {at}" for at in range(6)]


def manifest(entries):
    lines = [
        f"  - {{name: {name}, aiType: OPENAI, endpoint: https://{host}.example.com, secret: $SECRET_ONE{protect}}}\n"
        for name, (host, protect) in entries.items()
    ]
    return HEAD + ("".join(lines) or "  []\n")


def refusals(done):
    document = json.loads(done.stdout)
    assert validate(Kind.PLAN, document) == ()
    assert document["exit_code"] == done.returncode
    return document["refusals"]


@pytest.fixture
def known(project, sandbox, workspace):
    """Six applied entries, of which one is protected; somebody moved two and made another one."""
    entries = {name: ("api", ", protect: true" if at == 0 else "") for at, name in enumerate(NAMES)}
    project.write("fbsync.yaml", manifest(entries))
    assert project("apply").returncode == 0
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    with plain_http.Client(base_url=sandbox.url, headers=headers) as client:
        rows = {row["name"]: row["id"] for row in client.get(f"/ai/llm?workspaceId={workspace}").json()["aiLlms"]}
        for name in NAMES[1:3]:
            client.put(f"/ai/llm/{rows[name]}", json={"endpoint": "https://evil.example.com"}).raise_for_status()
        foreign = {"name": "Foreign", "aiType": "OTHER", "endpoint": "https://f.example", "secret": "made-up-by-them"}
        client.post("/ai/llm", json=foreign | {"workspaceId": workspace}).raise_for_status()
    return project


OPTIONS = ("--prune", "--adopt", "--allow-host-change", "--recreate")


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    declared=st.sets(st.sampled_from([*NAMES, "Foreign", "New"])),
    options=st.sets(st.sampled_from(OPTIONS)),
    limit=st.sampled_from(["0", "2", "5", "50%", "100%"]),
)
def test_plan_and_apply_agree(known, server, declared, options, limit):
    known.write("fbsync.yaml", manifest(dict.fromkeys(sorted(declared), ("api", ""))))
    given_ = [*sorted(options), "--max-deletes", limit]
    writes = len(server.writes)
    planned = refusals(known("plan", "--refresh", "--format", "json", *given_))
    code, _ = at_a_terminal(known, ["apply", "--result", "result.json", *given_], "no")
    error = json.loads((known.folder / "result.json").read_text()).get("error", {})
    assert error.get("refusals", []) == planned
    assert (code == 8) is bool(planned)
    assert len(server.writes) == writes


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_every_format_has_every_reason(known, format_):
    known.write("fbsync.yaml", manifest({"Foreign": ("api", "")}))
    done = known("plan", "--refresh", "--prune", "--format", format_)
    assert done.returncode == 8, done.stderr
    words = ("is protected", "delete 6 configurations", "is already on the server")
    assert all(word in done.stdout.replace("`", "") for word in words)
    assert known("plan", "--prune", "--detailed-exitcode").returncode == 8


def test_what_was_allowed_is_kept_in_a_saved_plan(known, on_server):
    rest = dict.fromkeys(NAMES[:1], ("api", ""))
    known.write("fbsync.yaml", manifest(rest))
    arguments = ("--refresh", "--prune", "--max-deletes", "6", "--out", "reviewed.json")
    assert known("plan", *arguments).returncode == 0
    done = known("apply", "reviewed.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(on_server()) == {NAMES[0], "Foreign"}


def test_a_refused_plan_can_be_saved_and_shown_and_is_refused_again(known, server):
    known.write("fbsync.yaml", MANIFEST)
    writes = len(server.writes)
    assert known("plan", "--prune", "--out", "reviewed.json").returncode == 8
    shown = known("show", "reviewed.json")
    assert shown.returncode == 0
    assert "fbsync apply would refuse this plan" in shown.stdout
    assert known("apply", "reviewed.json").returncode == 8
    assert len(server.writes) == writes
