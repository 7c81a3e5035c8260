"""Entries with a stored provider key (``apiKey``), from the command line, against the sandbox."""

import json
import uuid

import plain_http
import pytest
from recorder import Reply

from fbsync.schema.validate import Kind, validate

HEAD = "version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n  - name: Chat\n    aiType: OPENAI\n"
WITH_SECRET = HEAD + "    endpoint: https://api.example.com/v1\n    secret: $SECRET_ONE\n"


def with_key(api_key, more=""):
    return f"{HEAD}    apiKey: {api_key}\n{more}"


@pytest.fixture
def stored(sandbox, workspace):
    """Store a provider key in this test's workspace, and return its uuid."""

    def store(description="Chat, production"):
        body = {
            "workspaceId": workspace,
            "key": "made-up-key",
            "secret": "made-up-secret",
            "provider": "OPENAI",
            "description": description,
        }
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        return plain_http.post(f"{sandbox.url}/apikeys", json=body, headers=headers).json()["apiKeyId"]

    return store


@pytest.fixture
def change(sandbox, on_server):
    """Change the configuration on the server, as somebody else does."""

    def put(**fields):
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        answer = plain_http.put(f"{sandbox.url}/ai/llm/{on_server()['Chat']['id']}", json=fields, headers=headers)
        assert answer.json()["success"]

    return put


@pytest.fixture
def chat(cli):
    """Apply a manifest, check that the next plan is empty, and return the body of the last write."""
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")

    def apply(manifest, server, *options):
        cli.write("fbsync.yaml", manifest)
        done = cli("apply", "--yes", *options)
        assert done.returncode == 0, done.stderr
        for command in ("plan --refresh --detailed-exitcode", "plan --detailed-exitcode", "drift"):
            after = cli(*command.split())
            assert after.returncode == 0, after.stdout
        return server.writes[-1].body

    return apply


def changes_of(done):
    document = json.loads(done.stdout)
    assert validate(Kind.PLAN, document) == ()
    return document["resource_changes"]


def test_a_creation_sends_the_stored_key_alone(cli, server, on_server, chat, stored, workspace):
    api_key = stored()
    sent = chat(with_key(api_key), server)
    assert sent == {"name": "Chat", "aiType": "OPENAI", "workspaceId": workspace, "apiKeyUuid": api_key}
    assert on_server()["Chat"]["apiKeyId"] == api_key
    (entry,) = cli.lockfile["llms"]
    assert (entry["apiKey"], entry["endpoint"], "secret" in entry) == (api_key, "", False)


def test_an_endpoint_may_stand_beside_it(server, chat, stored):
    sent = chat(with_key(stored(), "    endpoint: https://proxy.example.com/v1\n"), server)
    assert sent["endpoint"] == "https://proxy.example.com/v1"
    api_key = stored("another")
    assert chat(with_key(api_key), server) == {"endpoint": None, "apiKeyUuid": api_key}


def test_a_reference_holds_the_uuid_and_a_plan_needs_it_not(cli, server, chat, stored):
    api_key = stored()
    cli.environment["CHAT_STORED_KEY"] = api_key
    assert chat(with_key("$CHAT_STORED_KEY"), server)["apiKeyUuid"] == api_key
    unset = cli("plan", "--refresh", env={"CHAT_STORED_KEY": None})
    assert "No changes" in unset.stdout
    assert "CHAT_STORED_KEY: set" in cli("env").stdout
    wrong = cli("plan", env={"CHAT_STORED_KEY": "sk-proj-canary-4242"})
    assert wrong.returncode == 3
    assert "is not the uuid of a stored provider key" in wrong.stdout + wrong.stderr
    assert "sk-proj-canary" not in wrong.stdout + wrong.stderr


def test_another_stored_key_is_an_ordinary_change(cli, server, chat, stored):
    first, second = stored("first"), stored("second")
    chat(with_key(first), server)
    cli.write("fbsync.yaml", with_key(second))
    assert f"apiKey: {first} → {second}" in cli("plan").stdout
    assert "not verified" not in cli("plan").stdout
    for format_ in ("markdown", "html"):
        shown = cli("plan", "--format", format_).stdout
        assert first in shown
        assert second in shown
    (planned,) = changes_of(cli("plan", "--format", "json"))
    assert planned["causes"] == {"apiKey": "manifest"}
    assert chat(with_key(second), server) == {"apiKeyUuid": second}


def test_from_a_secret_to_a_stored_key_and_back_sends_only_what_changed(cli, server, on_server, chat, stored):
    api_key = stored()
    kept = "    endpoint: https://api.example.com/v1\n"
    chat(WITH_SECRET, server)
    assert chat(with_key(api_key, kept), server) == {"apiKeyUuid": api_key}
    assert "secret" not in cli.lockfile["llms"][0]
    cli.write("fbsync.yaml", WITH_SECRET)
    assert f"apiKey: {api_key} → none" in cli("plan").stdout
    assert chat(WITH_SECRET, server) == {"secret": "canary-one-5e1f0c"}
    assert "apiKeyId" not in on_server()["Chat"]
    assert "apiKey" not in cli.lockfile["llms"][0]


def test_no_request_ever_carries_both(server, chat, stored):
    first, second = stored("first"), stored("second")
    for manifest in (WITH_SECRET, with_key(first), with_key(second), WITH_SECRET, with_key(first)):
        chat(manifest, server)
        chat(manifest, server, "--resend-secrets")
    assert not [request for request in server.writes if {"secret", "apiKeyUuid"} <= request.body.keys()]


def test_another_key_on_the_server_is_drift_and_is_undone(cli, server, on_server, chat, change, stored):
    ours, theirs = stored("ours"), stored("theirs")
    chat(with_key(ours), server)
    change(apiKeyUuid=theirs)
    drifted = cli("drift", "--format", "json")
    assert drifted.returncode == 2
    document = json.loads(drifted.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["drift"]["entries"][0]["fields"] == ["apiKey"]
    assert f"{ours} → {theirs}" in cli("drift").stdout
    assert chat(with_key(ours), server) == {"apiKeyUuid": ours}
    assert on_server()["Chat"]["apiKeyId"] == ours


def test_another_key_on_the_server_can_be_kept(cli, server, chat, change, stored):
    ours, theirs = stored("ours"), stored("theirs")
    chat(with_key(ours), server)
    change(apiKeyUuid=theirs)
    done = cli("drift", "--accept", "Chat")
    assert done.returncode == 0, done.stderr
    manifest = (cli.folder / "fbsync.yaml").read_text()
    assert theirs in manifest
    assert cli("plan", "--refresh", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize(
    "fields", [{"endpoint": "https://elsewhere.example.com"}, {"secret": "theirs", "endpoint": "https://e.example.com"}]
)
def test_what_the_manifest_has_no_place_for_cannot_be_kept(cli, server, chat, change, stored, fields):
    manifest = with_key(stored())
    chat(manifest, server)
    change(**fields)
    done = cli("drift", "--accept", "Chat")
    assert done.returncode == 3, done.stdout
    assert (cli.folder / "fbsync.yaml").read_text() == manifest


def test_a_secret_in_its_place_on_the_server_is_drift(cli, server, on_server, chat, change, stored):
    api_key = stored()
    chat(with_key(api_key), server)
    change(secret="somebody else's", endpoint="https://elsewhere.example.com")
    assert cli("drift").returncode == 2
    assert chat(with_key(api_key), server) == {"apiKeyUuid": api_key, "endpoint": None}
    assert on_server()["Chat"]["endpoint"] is None


def test_a_stored_key_in_a_secrets_place_on_the_server_is_drift(cli, server, on_server, chat, change, stored):
    chat(WITH_SECRET, server)
    change(apiKeyUuid=stored())
    assert cli("drift").returncode == 2
    assert chat(WITH_SECRET, server) == {"secret": "canary-one-5e1f0c"}
    assert "apiKeyId" not in on_server()["Chat"]


def test_export_then_plan_is_empty(cli, server, chat, stored, workspace):
    api_key = stored()
    chat(with_key(api_key), server)
    (cli.folder / "fbsync.lock").unlink()
    (cli.folder / "fbsync.yaml").unlink()
    done = cli("export", "--workspace", workspace)
    assert done.returncode == 0, done.stderr
    assert api_key in (cli.folder / "fbsync.yaml").read_text()
    assert "secret" not in (cli.folder / "fbsync.yaml").read_text()
    assert cli("plan", "--refresh", "--detailed-exitcode").returncode == 0


@pytest.mark.parametrize("is_by_secret", [True, False])
def test_an_adoption_takes_over_what_is_there(cli, server, on_server, chat, stored, is_by_secret):
    api_key = stored()
    chat(WITH_SECRET if is_by_secret else with_key(stored("theirs")), server)
    (cli.folder / "fbsync.lock").unlink()
    sent = chat(with_key(api_key), server, "--adopt")
    assert sent["apiKeyUuid"] == api_key
    assert "secret" not in sent
    assert (on_server()["Chat"]["apiKeyId"], on_server()["Chat"]["endpoint"]) == (api_key, None)


def test_a_creation_that_was_carried_out_before_a_kill_is_settled(cli, server, on_server, chat, stored):
    cli.write("fbsync.yaml", with_key(stored()))
    process = cli.process("apply", "--yes")
    with server.holding():
        server.replies = lambda request: None
        while not on_server():
            continue  # the request is still on its way
        process.kill()
    cli.finish(process)
    assert (cli.folder / "fbsync.lock.journal").exists()
    made = on_server()["Chat"]["id"]
    chat((cli.folder / "fbsync.yaml").read_text(), server)
    assert on_server()["Chat"]["id"] == made
    assert [request.method for request in server.writes] == ["POST"]


def test_a_rival_of_the_same_name_and_another_stored_key_is_not_taken_for_ours(cli, server, on_server, stored):
    theirs, ours = stored("theirs"), stored("ours")
    cli.write("fbsync.yaml", with_key(ours))

    def made_by_somebody_else(request):
        if request.method == "POST" and request.body.get("apiKeyUuid") == ours:
            body = json.dumps(request.body | {"apiKeyUuid": theirs}).encode()
            headers = {
                "Authorization": f"Bearer {cli.environment['FLASHBACK_TOKEN']}",
                "Content-Type": "application/json",
            }
            server.forward(request, headers, body)
            return Reply(drop=True)
        return None

    server.replies = made_by_somebody_else
    done = cli("apply", "--yes")
    assert done.returncode == 5
    assert "--adopt" in done.stderr + done.stdout
    assert on_server()["Chat"]["apiKeyId"] == theirs


@pytest.mark.parametrize("to_key", [True, False])
def test_a_change_of_unknown_outcome_is_sent_again(cli, server, on_server, chat, stored, to_key):
    api_key = stored()
    before, after = (WITH_SECRET, with_key(api_key)) if to_key else (with_key(api_key), WITH_SECRET)
    chat(before, server)
    cli.write("fbsync.yaml", after)
    server.replies = lambda request: Reply(drop=True, processed=True) if request.method == "PUT" else None
    assert cli("apply", "--yes", "--retry-timeout", "1").returncode == 5
    server.replies = lambda request: None
    chat(after, server)
    assert on_server()["Chat"].get("apiKeyId") == (api_key if to_key else None)


def test_a_saved_plan_is_refused_once_it_names_another_key(cli, server, chat, stored):
    first, second = stored("first"), stored("second")
    chat(WITH_SECRET, server)
    cli.write("fbsync.yaml", with_key(first))
    assert cli("plan", "--out", "p.plan").returncode == 0
    cli.write("fbsync.yaml", with_key(second))
    stale = cli("apply", "p.plan", "--yes")
    assert stale.returncode == 6
    assert f"apiKey to be: {first} then, {second} now" in stale.stderr
    cli.write("fbsync.yaml", with_key(first))
    assert cli("apply", "p.plan", "--yes").returncode == 0


def test_an_environment_replaces_a_secret_by_a_stored_key(cli, server, stored):
    api_key = stored()
    variant = f"environments:\n  staging:\n    llms:\n      Chat: {{apiKey: {api_key}, secret: null, endpoint: null}}\n"
    cli.write("fbsync.yaml", WITH_SECRET + variant)
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    assert cli("apply", "--yes", "-e", "staging").returncode == 0
    assert server.writes[-1].body["apiKeyUuid"] == api_key
    assert "secret" not in server.writes[-1].body


def test_a_stored_key_that_is_not_there_fails_its_entry(cli, server):
    cli.write("fbsync.yaml", with_key(uuid.uuid4()))
    done = cli("apply", "--yes")
    assert done.returncode == 5
    assert "API key not found" in done.stderr + done.stdout


def test_state_show_names_the_key(cli, server, chat, stored):
    api_key = stored()
    chat(with_key(api_key), server)
    assert f"apiKey:      {api_key}" in cli("state", "show", "Chat").stdout
    document = json.loads(cli("state", "list", "--format", "json").stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["state"]["entries"][0]["apiKey"] == api_key


class TestKeysList:
    def test_lists_what_an_entry_can_name_and_never_the_key(self, cli, server, chat, stored, workspace):
        used, unused = stored("Chat, production"), stored("Search")
        chat(with_key(used), server)
        done = cli("keys", "list", "--workspace", workspace)
        assert done.returncode == 0, done.stderr
        head, *lines = done.stdout.splitlines()
        assert head.split() == ["WORKSPACE", "ID", "PROVIDER", "DESCRIPTION", "CONFIGURATIONS"]
        assert [line.split()[1] for line in lines] == [used, unused]
        assert lines[0].endswith("1")
        assert lines[1].endswith("0")
        assert "made-up" not in done.stdout

    def test_as_json_of_every_workspace_that_can_be_seen(self, cli, server, stored, workspace):
        api_key = stored("of one")
        rows = [{"id": workspace, "name": "One"}, {"id": "ws-shared-1", "name": "Other"}]
        listed = Reply(body={"success": True, "workspaces": rows})
        server.replies = lambda request: listed if request.path == "/workspace" else None
        document = json.loads(cli("keys", "list", "--format", "json").stdout)
        assert validate(Kind.RESULT, document) == ()
        assert {
            "workspaceId": workspace,
            "id": api_key,
            "provider": "OPENAI",
            "description": "of one",
            "configurations": 0,
        } in (document["keys"])
        asked = [request.path for request in server.requests if request.path.startswith("/apikeys")]
        assert [workspace in path or "ws-shared-1" in path for path in asked] == [True, True]

    def test_what_the_server_does_not_tell_is_a_dash(self, cli, server, workspace):
        row = {"id": "k-1", "key": "canary-masked", "secret": "canary-secret"}
        body = {"success": True, "apiKeys": [row]}
        server.replies = lambda request: Reply(body=body) if request.path.startswith("/apikeys") else None
        done = cli("keys", "list", "--workspace", workspace)
        assert done.stdout.splitlines()[1].split() == [workspace, "k-1", "-", "-", "-"]
        assert "canary" not in done.stdout

    def test_none_is_said(self, cli, workspace):
        done = cli("keys", "list", "--workspace", workspace)
        assert (done.returncode, done.stdout) == (0, "")
        assert "no stored provider key" in done.stderr
