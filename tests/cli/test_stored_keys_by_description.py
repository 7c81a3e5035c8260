"""Entries that name their stored key by its description, from the command line, against the sandbox."""

import json

import plain_http
import pytest
from recorder import Reply

from fbsync.schema.validate import Kind, validate

MANIFEST = """\
version: 1
workspaceId: $FLASHBACK_WORKSPACE_ID
llms:
  - name: Chat
    aiType: OPENAI
    apiKey: Chat, production
"""


@pytest.fixture
def keys(sandbox, workspace):
    """Stored keys of this test's workspace, made and changed as the vendor's console does."""
    headers = {"Authorization": f"Bearer {sandbox.token}"}

    class Keys:
        def store(self, description, where=workspace):
            made = {"key": "made-up-key", "secret": "made-up-secret", "provider": "OPENAI"}
            body = made | {"workspaceId": where, "description": description}
            return plain_http.post(f"{sandbox.url}/apikeys", json=body, headers=headers).json()["apiKeyId"]

        def describe(self, api_key, description):
            url = f"{sandbox.url}/apikeys/{api_key}"
            assert plain_http.put(url, json={"description": description}, headers=headers).json()["success"]

    return Keys()


@pytest.fixture
def applied(cli, keys):
    """The applied project, and the id of its stored key."""
    api_key = keys.store("Chat, production")
    cli.write("fbsync.yaml", MANIFEST)
    done = cli("apply", "--yes")
    assert done.returncode == 0, done.stderr
    return api_key


def rewrite(cli, before, after):
    cli.write("fbsync.yaml", (cli.folder / "fbsync.yaml").read_text().replace(before, after))


def test_the_id_is_sent_and_recorded_with_the_description(cli, server, applied, workspace):
    assert server.writes[-1].body == {
        "name": "Chat",
        "aiType": "OPENAI",
        "workspaceId": workspace,
        "apiKeyUuid": applied,
    }
    (entry,) = cli.lockfile["llms"]
    assert (entry["apiKey"], entry["templates"]["apiKey"]) == (applied, "Chat, production")
    for command in (["plan"], ["plan", "--refresh"]):
        assert cli(*command, "--detailed-exitcode").returncode == 0
    assert cli("drift").returncode == 0
    assert f"{applied} (from Chat, production)" in cli("state", "show", "Chat").stdout


def test_a_plan_without_the_server_shows_the_description(cli, keys):
    cli.write("fbsync.yaml", MANIFEST)
    done = cli("plan", env={"FLASHBACK_TOKEN": None})
    assert done.returncode == 0
    assert "so these stored keys' ids are unknown: Chat, production" in done.stdout
    assert "apiKey: Chat, production (a description; only the server knows the id)" in done.stdout
    document = json.loads(cli("plan", "--format", "json").stdout)
    assert validate(Kind.PLAN, document) == ()
    (change,) = document["resource_changes"]
    assert change["api_key_description"] == change["change"]["after"]["apiKey"] == "Chat, production"
    for format_ in ("markdown", "html"):
        assert "only the server knows the id" in cli("plan", "--format", format_).stdout


def test_a_plan_with_the_server_shows_both(cli, keys):
    api_key = keys.store("Chat, production")
    cli.write("fbsync.yaml", MANIFEST)
    assert f"apiKey: {api_key} (Chat, production)" in cli("plan", "--refresh").stdout


def test_another_description_of_the_same_key_sends_nothing(cli, server, keys, applied):
    keys.describe(applied, "Chat, EU")
    rewrite(cli, "Chat, production", "Chat, EU")
    before = len(server.writes)
    assert "No changes" in cli("plan", "--refresh").stdout
    assert cli("apply", "--yes").returncode == 0
    assert len(server.writes) == before
    assert cli.lockfile["llms"][0]["templates"]["apiKey"] == "Chat, EU"
    assert cli("plan", "--detailed-exitcode").returncode == 0


def test_a_description_that_was_changed_outside_is_an_error_that_names_the_new_one(cli, keys, applied):
    keys.store("Search")
    keys.describe(applied, "Chat, EU")
    for command in (["plan", "--refresh"], ["apply", "--yes"]):
        done = cli(*command)
        assert done.returncode == 3
        assert 'has no stored key "Chat, production": it has "Chat, EU", "Search"' in done.stderr
        assert 'write "Chat, EU": the stored key that it named has this description now' in done.stderr
        assert "fbsync.yaml:6:13" in done.stderr
    assert cli("plan", "--detailed-exitcode").returncode == 0
    assert cli("drift").returncode == 0


def test_two_keys_of_one_description_are_an_error_that_lists_both(cli, server, keys, applied):
    other = keys.store("Chat, production")
    done = cli("apply", "--yes", "--format", "json")
    assert done.returncode == 3
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["message"] == f"2 stored keys have this description: ids {', '.join(sorted((applied, other)))}"
    assert (finding["rule"], finding["line"]) == ("ambiguous-stored-key", 6)


def test_a_key_of_another_workspace_is_not_meant(cli, keys):
    keys.store("Chat, production", where="ws-shared-7")
    cli.write("fbsync.yaml", MANIFEST)
    assert "it has no stored keys" in cli("plan", "--refresh").stderr


def test_the_description_passing_to_another_key_is_a_change(cli, server, keys, applied):
    keys.describe(applied, "Chat, old")
    other = keys.store("Chat, production")
    planned = cli("plan", "--refresh")
    assert f"apiKey: {applied} → {other} (Chat, production)" in planned.stdout
    assert cli("apply", "--yes").returncode == 0
    assert server.writes[-1].body == {"apiKeyUuid": other}


def test_from_the_id_to_the_description_and_back_sends_nothing(cli, server, applied):
    before = len(server.writes)
    for old, new in (("Chat, production", applied), (applied, "Chat, production")):
        rewrite(cli, f"apiKey: {old}", f"apiKey: {new}")
        assert cli("apply", "--yes").returncode == 0
        assert cli("plan", "--detailed-exitcode").returncode == 0
    assert len(server.writes) == before


def test_from_a_secret_and_back_sends_only_what_changed(cli, server, keys, applied):
    cli.credential("SECRET_ONE", "canary-one-5e1f0c")
    rewrite(cli, "apiKey: Chat, production", "endpoint: https://api.example.com/v1\n    secret: $SECRET_ONE")
    assert cli("apply", "--yes").returncode == 0
    assert server.writes[-1].body == {"endpoint": "https://api.example.com/v1", "secret": "canary-one-5e1f0c"}
    cli.write("fbsync.yaml", MANIFEST)
    assert cli("apply", "--yes").returncode == 0
    assert server.writes[-1].body == {"endpoint": None, "apiKeyUuid": applied}


def test_without_the_list_of_keys_what_is_known_stays_as_it_is(cli, server, applied):
    denied = Reply(status=403, body={"success": False, "message": "no"})
    server.replies = lambda request: denied if request.path.startswith("/apikeys") else None
    assert cli("plan", "--refresh", "--detailed-exitcode").returncode == 0
    rewrite(cli, "Chat, production", "Search")
    done = cli("apply", "--yes")
    assert done.returncode == 4, done.stderr


def test_apply_without_a_refresh_asks_for_the_id_too(cli, server, keys, on_server):
    api_key = keys.store("Chat, production")
    cli.write("fbsync.yaml", MANIFEST)
    assert cli("apply", "--yes", "--no-refresh").returncode == 0
    assert on_server()["Chat"]["apiKeyId"] == api_key


def test_an_adoption_and_an_environment(cli, server, keys, applied, on_server):
    (cli.folder / "fbsync.lock").unlink()
    assert cli("apply", "--yes", "--adopt").returncode == 0
    assert server.writes[-1].body["apiKeyUuid"] == applied
    search = keys.store("Search")
    cli.write("fbsync.yaml", MANIFEST + "environments:\n  eu:\n    llms:\n      Chat: {apiKey: Search}\n")
    done = cli("plan", "-e", "eu", "--refresh", "--adopt")
    assert f"{applied} → {search} (Search)" in done.stdout, done.stderr


def test_a_saved_plan_holds_once_the_id_is_known_and_not_for_another_key(cli, server, keys):
    api_key = keys.store("Chat, production")
    cli.write("fbsync.yaml", MANIFEST)
    assert cli("plan", "--out", "first.json").returncode == 0
    assert cli("plan", "--refresh", "--out", "second.json").returncode == 0
    keys.describe(api_key, "Chat, old")
    keys.store("Chat, production")
    stale = cli("apply", "second.json")
    assert stale.returncode == 6
    assert "apiKey to be" in stale.stderr
    assert cli("apply", "first.json").returncode == 0


def test_accepted_drift_writes_the_id(cli, sandbox, keys, applied, on_server):
    theirs = keys.store("theirs")
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    url = f"{sandbox.url}/ai/llm/{on_server()['Chat']['id']}"
    assert plain_http.put(url, json={"apiKeyUuid": theirs}, headers=headers).json()["success"]
    drifted = cli("drift")
    assert f"{applied} → {theirs}" in drifted.stdout
    assert "Stored keys are compared, by their ids." in drifted.stdout
    assert cli("drift", "--accept", "Chat").returncode == 0
    manifest = (cli.folder / "fbsync.yaml").read_text()
    assert theirs in manifest
    assert "Chat, production" not in manifest
    assert cli("plan", "--refresh", "--detailed-exitcode").returncode == 0


def test_an_export_writes_the_id(cli, keys, applied, workspace):
    for name in ("fbsync.lock", "fbsync.yaml"):
        (cli.folder / name).unlink()
    assert cli("export", "--workspace", workspace).returncode == 0
    manifest = (cli.folder / "fbsync.yaml").read_text()
    assert applied in manifest
    assert "Chat, production" not in manifest
