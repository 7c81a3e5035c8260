"""The contract of the endpoints for configurations, over HTTP against the real server process."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from uuid import UUID

import pytest
from stored_credentials import stored_credential_is

FIELDS = {"id", "orgId", "workspaceId", "userId", "name", "aiType", "endpoint", "key", "createdAt", "repos"}


def test_a_created_configuration_is_listed_without_its_secret(create, admin, listed):
    llm_id = create(name="Listed", secret="made-up-very-secret", key="AKIA-MADE-UP-WXYZ")
    llm = listed(llm_id)
    assert set(llm) == FIELDS
    assert (llm["name"], llm["aiType"], llm["workspaceId"]) == ("Listed", "OPENAI", "ws-sandbox")
    assert llm["endpoint"] == "https://api.openai.com/v1"
    assert llm["key"] == "****WXYZ"
    assert llm["repos"] == []
    assert str(UUID(llm["id"])) == llm_id
    assert datetime.fromisoformat(llm["createdAt"]).utcoffset() is not None
    text = admin.get("/ai/llm").text
    assert "made-up-very-secret" not in text
    assert "AKIA" not in text


@pytest.mark.parametrize(("key", "shown"), [(None, None), (..., None), ("short", "****"), ("x" * 11, "****")])
def test_a_short_key_is_not_shown_at_all(create, listed, key, shown):
    assert listed(create(key=key))["key"] == shown


@pytest.mark.parametrize("ai_type", ["OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER"])
def test_every_documented_type_is_taken(create, listed, ai_type):
    assert listed(create(aiType=ai_type))["aiType"] == ai_type


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ...}, "name"),
        ({"aiType": ...}, "aiType"),
        ({"endpoint": ...}, "endpoint"),
        ({"secret": ...}, "secret"),
        ({"workspaceId": ...}, "workspaceId"),
        ({"name": ""}, "name"),
        ({"secret": ""}, "secret"),
        ({"secret": None}, "secret"),
        ({"secret": ["canary"]}, "secret"),
        ({"key": ""}, "key"),
        ({"aiType": "canary"}, "aiType"),
        ({"aiType": "openai"}, "aiType"),
        ({"endpoint": "canary"}, "endpoint"),
        ({"endpoint": "ftp://canary.example"}, "endpoint"),
        ({"endpoint": "https://"}, "endpoint"),
        ({"endpoint": "https://:8080/canary"}, "endpoint"),
        ({"endpoint": "https://canary.example:99999"}, "endpoint"),
        ({"endpoint": "https://canary.example/a b"}, "endpoint"),
        ({"name": "canary \ud800"}, "name"),
        ({"apiKey": "canary"}, "apiKey"),
    ],
)
def test_a_bad_field_is_named_and_its_value_is_not_repeated(admin, new, changes, field):
    escaped = json.dumps(new(**changes))
    answer = admin.post("/ai/llm", content=escaped, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    body = answer.json()
    assert body["success"] is False
    assert body["message"].startswith(f"{field} ")
    assert "canary" not in answer.text


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://localhost",
        "HTTPS://API.example.com:65535/v1?x=y#z",
        "http://[::1]:8080/",
        "https://user@host.example/",
        "https://bücher.example/v1",
    ],
)
def test_http_urls_with_a_host_are_endpoints(create, listed, endpoint):
    assert listed(create(endpoint=endpoint))["endpoint"] == endpoint


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"", "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"name": "x"}', "text/plain"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused_in_the_envelope(admin, content, kind):
    answer = admin.post("/ai/llm", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert answer.json()["message"]


def test_a_name_is_taken_once_in_a_workspace_and_compared_exactly(admin, new):
    assert admin.post("/ai/llm", json=new(name="Twin")).status_code == 200
    second = admin.post("/ai/llm", json=new(name="Twin"))
    assert (second.status_code, second.json()["success"]) == (400, False)
    assert "already exists" in second.json()["message"]
    assert admin.post("/ai/llm", json=new(name="twin")).status_code == 200
    assert admin.post("/ai/llm", json=new(name="Twin", workspaceId="ws-research")).status_code == 200


def test_of_concurrent_creations_of_one_name_exactly_one_succeeds(admin, new):
    body = new()
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(lambda _: admin.post("/ai/llm", json=body).status_code, range(24)))
    assert statuses == [200] + [400] * 23


def test_an_update_changes_what_is_given_and_nothing_else(create, admin, listed, db):
    llm_id = create(secret="made-up-first", key="made-up-key")
    before = listed(llm_id)
    answer = admin.put(f"/ai/llm/{llm_id}", json={"endpoint": "https://proxy.example.com"})
    assert answer.json() == {"success": True, "aiLlmId": llm_id, "message": "AI LLM configuration updated successfully"}
    assert listed(llm_id) == before | {"endpoint": "https://proxy.example.com"}
    assert stored_credential_is(db, llm_id, "made-up-first")
    assert stored_credential_is(db, llm_id, "made-up-key", field="key")


def test_an_update_of_nothing_is_a_success_without_effect(create, admin, listed):
    llm_id = create()
    before = listed(llm_id)
    assert admin.put(f"/ai/llm/{llm_id}", json={}).status_code == 200
    assert listed(llm_id) == before


def test_a_rotated_secret_replaces_the_old_one(create, admin, db):
    llm_id = create(secret="made-up-first")
    assert admin.put(f"/ai/llm/{llm_id}", json={"secret": "made-up-second"}).status_code == 200
    assert stored_credential_is(db, llm_id, "made-up-second")
    assert not stored_credential_is(db, llm_id, "made-up-first")


def test_a_key_of_null_takes_the_key_away(create, admin, listed, db):
    llm_id = create(key="made-up-key-1234")
    assert admin.put(f"/ai/llm/{llm_id}", json={"key": None}).status_code == 200
    assert listed(llm_id)["key"] is None
    assert not stored_credential_is(db, llm_id, "made-up-key-1234", field="key")


def test_a_rename_to_a_name_that_is_taken_is_refused(create, admin, listed):
    create(name="Occupied")
    llm_id = create(name="Renaming")
    assert admin.put(f"/ai/llm/{llm_id}", json={"name": "Occupied"}).status_code == 400
    assert listed(llm_id)["name"] == "Renaming"
    assert admin.put(f"/ai/llm/{llm_id}", json={"name": "Renaming"}).status_code == 200
    assert admin.put(f"/ai/llm/{llm_id}", json={"name": "Renamed"}).status_code == 200
    assert listed(llm_id)["name"] == "Renamed"


@pytest.mark.parametrize(
    "changes",
    [{"workspaceId": "ws-research"}, {"name": ""}, {"secret": None}, {"endpoint": "nowhere"}, {"aiType": "AZURE"}],
)
def test_an_update_is_checked_as_a_creation_is(create, admin, listed, changes):
    llm_id = create()
    before = listed(llm_id)
    answer = admin.put(f"/ai/llm/{llm_id}", json=changes)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(next(iter(changes)))
    assert listed(llm_id) == before


def test_what_is_deleted_is_gone(create, admin, listed):
    llm_id = create()
    answer = admin.delete(f"/ai/llm/{llm_id}")
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert listed(llm_id) is None
    for method, path in (("DELETE", ""), ("PUT", ""), ("POST", "/validate")):
        gone = admin.request(method, f"/ai/llm/{llm_id}{path}", json={})
        assert (gone.status_code, gone.json()["success"]) == (404, False)


def test_a_deleted_name_is_free_again(create, admin):
    assert admin.delete(f"/ai/llm/{create(name='Phoenix')}").status_code == 200
    assert create(name="Phoenix")


@pytest.mark.parametrize("refused", [{"secret": "an-INVALID-credential"}, {"key": "invalid-key"}])
def test_the_provider_refuses_a_credential_that_says_so(create, admin, refused):
    answer = admin.post(f"/ai/llm/{create(**refused)}/validate")
    assert (answer.status_code, answer.json()["success"]) == (200, False)


def test_available_is_what_was_validated_since_its_last_change_newest_first(create, admin):
    def available():
        return [llm["id"] for llm in admin.get("/ai/llm/available").json()["aiLlms"] if llm["id"] in mine]

    mine = [create(), create(), create(), create(secret="invalid")]
    assert available() == []
    for llm_id in mine:
        admin.post(f"/ai/llm/{llm_id}/validate")
    assert available() == [mine[2], mine[1], mine[0]]
    admin.put(f"/ai/llm/{mine[1]}", json={"secret": "made-up-other"})
    admin.put(f"/ai/llm/{mine[0]}", json={"name": "A mere change of name"})
    assert available() == [mine[2], mine[0]]


def test_stats_count_in_strings(create, admin):
    llm_id = create()
    admin.post(f"/ai/llm/{llm_id}/validate")
    [stats] = admin.get("/ai/llm/stats", params={"aiLlmId": llm_id}).json()["stats"]
    assert stats.pop("aiLlmId") == llm_id
    assert stats.pop("totalApiCalls") == "1"
    assert len(stats) == 7
    assert set(stats.values()) == {"0"}
    assert admin.get("/ai/llm/stats", params={"aiLlmId": "unknown"}).status_code == 404
    everything = admin.get("/ai/llm/stats").json()["stats"]
    assert llm_id in {one["aiLlmId"] for one in everything}


def test_the_listing_filters_by_workspace(create, admin):
    here, there = create(), create(workspaceId="ws-research")
    ids = {llm["id"] for llm in admin.get("/ai/llm", params={"workspaceId": "ws-research"}).json()["aiLlms"]}
    assert there in ids
    assert here not in ids


def test_nothing_of_a_credential_is_in_the_database_file(create, db):
    create(secret="canary-in-the-secret", key="canary-in-the-key-1234")
    for file in db.parent.iterdir():
        content = file.read_bytes()
        assert b"canary-in" not in content
        assert file.stat().st_mode & 0o077 == 0
