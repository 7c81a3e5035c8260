"""Listed values that repeat a credential: never shown, compared correctly, and in no file."""

import plain_http
import pytest
import yaml
from canaries import Scan, repeated
from recorder import Reply

CANARY = "canary-of-a-list/0d93be"


@pytest.fixture
def world(project, sandbox):
    """A project whose credential must not occur anywhere, in any form."""
    project.credential("SECRET_ONE", CANARY)
    yield project
    scan = Scan({"one": CANARY, "token": sandbox.token})
    assert [hit for text in project.printed for hit in scan.of(text.encode())] == []
    assert scan.of_folder(project.folder) == []


@pytest.fixture
def listing(server, sandbox, workspace):
    """Make the server change each row that it lists."""

    def change(edit, *, path="/ai/llm", field="aiLlms"):
        def reply(request):
            if request.method != "GET" or request.path.partition("?")[0] != path:
                return None
            headers = {"Authorization": f"Bearer {sandbox.token}"}
            value = plain_http.get(f"{sandbox.url}{request.path}", headers=headers).json()
            value[field] = [edit(row) for row in value[field]]
            return Reply(body=value)

        server.replies = reply

    return change


def with_endpoint(row):
    return row | {"endpoint": f"https://evil.example.com/{CANARY}"} if row["name"] == "One" else row


def test_an_endpoint_that_repeats_a_credential_is_drift_and_is_undone(world, server, listing, on_server):
    assert world("apply", "--yes").returncode == 0
    known = [(llm["id"], llm["name"], llm["endpoint"]) for llm in world.lockfile["llms"]]
    listing(with_endpoint)
    drift = world("drift", "--format", "json")
    assert drift.returncode == 2
    assert "(withheld: repeats a credential)" in drift.stdout
    for form in ("text", "markdown", "html"):
        assert world("drift", "--format", form).returncode == 2
    plan = world("plan", "--refresh", "--allow-host-change", "--out", "plan.json")
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in plan.stdout
    assert world("apply", "plan.json", "--yes", "--allow-host-change").returncode == 0
    assert server.writes[-1].body == {"endpoint": "https://one.example.com/v1"}
    assert [(llm["id"], llm["name"], llm["endpoint"]) for llm in world.lockfile["llms"]] == known


@pytest.mark.parametrize("name", ["One", "O*"])
def test_what_is_withheld_is_not_accepted_into_the_manifest(world, listing, name):
    assert world("apply", "--yes").returncode == 0
    before = (world.folder / "fbsync.yaml").read_text()
    listing(with_endpoint)
    done = world("drift", "--accept", name)
    assert done.returncode == 3
    assert "repeats a credential" in done.stderr
    assert (world.folder / "fbsync.yaml").read_text() == before


def test_a_name_that_repeats_a_credential_is_a_rename_that_is_undone(world, server, listing):
    assert world("apply", "--yes").returncode == 0
    listing(lambda row: row | {"name": f"{row['name']} {CANARY}"})
    assert world("drift").returncode == 2
    done = world("apply", "--yes", "--parallelism", "1")
    assert done.returncode == 0, done.stderr
    assert [request.body for request in server.writes[-2:]] == [{"name": "One"}, {"name": "Two"}]


@pytest.mark.parametrize("form", ["plain", "base64", "url"])
def test_export_leaves_out_what_repeats_a_credential(world, listing, workspace, form):
    assert world("apply", "--yes").returncode == 0
    said = repeated(CANARY, form)
    listing(lambda row: row | {"endpoint": f"https://x.example.com/{said}"} if row["name"] == "One" else row)
    done = world("export", "-f", "fbsync.yaml", "--workspace", workspace, "--format", "json")
    assert done.returncode == 5
    assert "repeats a credential" in done.stdout
    assert [e["name"] for e in yaml.safe_load((world.folder / "fbsync.yaml").read_text())["llms"]] == ["One", "Two"]


def test_an_unmanaged_row_is_shown_without_what_it_repeats(world, listing):
    listing(lambda row: row)
    assert world("apply", "--yes").returncode == 0
    extra = {"id": "x-1", "name": f"{CANARY} model", "aiType": CANARY, "endpoint": CANARY, "workspaceId": None}
    listing(lambda row: extra | {"workspaceId": row["workspaceId"]} if row["name"] == "Two" else row)
    done = world("drift", "--format", "json")
    assert done.returncode == 2
    assert "(withheld: repeats a credential)" in done.stdout


@pytest.mark.parametrize("field", ["id", "workspaceId"])
def test_an_id_that_repeats_a_credential_ends_the_run_before_anything_is_done(world, server, listing, field):
    assert world("apply", "--yes").returncode == 0
    writes = len(server.writes)
    listing(lambda row: row | {field: CANARY})
    for words in (
        ("plan", "--refresh"),
        ("drift",),
        ("apply", "--yes", "--resend-secrets"),
        ("export",),
    ):
        done = world(*words, "--retry-timeout", "0")
        assert done.returncode == 1, words
        assert "an id in it repeats a credential" in done.stderr
    assert len(server.writes) == writes


def test_an_id_that_a_creation_is_answered_with_is_looked_up_instead(world, server):
    server.replies = lambda request: (
        Reply(body={"success": True, "aiLlmId": CANARY}, processed=True) if request.method == "POST" else None
    )
    done = world("apply", "--yes")
    assert done.returncode == 0, done.stderr
    assert CANARY not in [llm["id"] for llm in world.lockfile["llms"]]
    server.replies = lambda request: None
    assert "2 unchanged" in world("apply", "--yes").stdout


def test_other_lists_withhold_names_and_descriptions(world, listing, workspace):
    env = {"FLASHBACK_PASSWORD": CANARY}  # without a manifest, they know only the sign-in credentials
    listing(lambda row: row | {"name": f"{CANARY} team"}, path="/workspace", field="workspaces")
    done = world("workspaces", "--format", "json", env=env)
    assert done.returncode == 0, done.stderr
    assert "(withheld: repeats a credential)" in done.stdout
    listing(lambda row: row | {"description": CANARY, "provider": CANARY}, path="/apikeys", field="apiKeys")
    assert world("keys", "list", "--format", "json", "--workspace", workspace, env=env).returncode == 0


def test_a_declared_name_that_holds_a_short_credential_is_shown_and_compared(world):
    env = {"SECRET_TWO": "Two"}
    done = world("apply", "--yes", env=env)
    assert done.returncode == 0, done.stderr
    assert world("drift", env=env).returncode == 0
    assert "No changes" in world("plan", "--refresh", env=env).stdout
