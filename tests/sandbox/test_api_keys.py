"""Stored provider keys, and configurations that use them, over HTTP against the real server process."""

from datetime import datetime
from uuid import UUID

import pytest
from stored_credentials import stored_credential_is

OPENAI = {
    "workspaceId": "ws-sandbox",
    "provider": "OPENAI",
    "key": "made-up-identifier-WXYZ",
    "secret": "made-up-stored-secret",
}


@pytest.fixture
def store(admin):
    """Store a key and return its id."""

    def stored(**changes):
        answer = admin.post("/apikeys", json=OPENAI | changes)
        assert answer.status_code == 200, answer.text
        return answer.json()["apiKeyId"]

    return stored


@pytest.fixture
def keys(admin):
    """The listed keys by id."""

    def listed(**filters):
        answer = admin.get("/apikeys", params=filters)
        assert answer.status_code == 200, answer.text
        return {row["id"]: row for row in answer.json()["apiKeys"]}

    return listed


def test_a_stored_key_is_listed_masked_with_the_fields_that_it_has(store, keys, admin):
    plain, full = store(), store(description="OpenAI, EU", region="eu", tenantId="t", subscriptionId="s")
    row = keys()[plain]
    assert set(row) == {"id", "key", "provider", "createdAt", "bucket_count", "aillm_count"}
    assert (row["key"], row["provider"], row["aillm_count"], row["bucket_count"]) == ("****WXYZ", "OPENAI", 0, 0)
    assert str(UUID(plain)) == plain
    assert datetime.fromisoformat(row["createdAt"]).utcoffset() is not None
    assert keys()[full].items() >= {"description": "OpenAI, EU", "region": "eu", "tenantId": "t"}.items()
    text = admin.get("/apikeys").text
    assert "made-up-stored-secret" not in text
    assert "made-up-identifier" not in text


def test_stored_keys_are_filtered_by_workspace_capability_and_provider(store, keys):
    openai, aws, azure = store(), store(provider="AWS"), store(provider="AZURE")
    there = store(workspaceId="ws-research")
    mine = {openai, aws, azure, there}

    def found(**filters):
        return mine & set(keys(**filters))

    assert found() == mine
    assert found(workspaceId="ws-research") == {there}
    assert found(capability=2) == {openai, aws, there}
    assert found(capability=1) == found(capability=4) == {aws, azure}
    assert found(capability=255, provider="AWS") == {aws}


@pytest.mark.parametrize("capability", ["0", "256", "all"])
def test_a_capability_that_is_none_is_refused(admin, capability):
    assert admin.get("/apikeys", params={"capability": capability}).status_code == 400


@pytest.mark.parametrize("field", ["workspaceId", "provider", "key", "secret"])
def test_a_key_needs_its_fields(admin, field):
    answer = admin.post("/apikeys", json={name: value for name, value in OPENAI.items() if name != field})
    assert (answer.status_code, answer.json()["message"]) == (400, f"{field} is required")
    assert admin.post("/apikeys", json=OPENAI | {field: ""}).status_code == 400


def test_a_configuration_with_a_stored_key_needs_no_credentials_of_its_own(store, keys, create, listed):
    api_key = store()
    absent = create(apiKeyUuid=api_key, endpoint=..., secret=...)
    null = create(apiKeyUuid=api_key, endpoint=None, secret=None, key=None)
    with_endpoint = create(apiKeyUuid=api_key, secret=...)
    assert {llm_id: listed(llm_id)["endpoint"] for llm_id in (absent, null, with_endpoint)} == {
        absent: None,
        null: None,
        with_endpoint: "https://api.openai.com/v1",
    }
    assert {listed(llm_id)["apiKeyId"] for llm_id in (absent, null, with_endpoint)} == {api_key}
    assert listed(absent)["key"] is None
    assert "apiKeyId" not in listed(create())
    assert keys()[api_key]["aillm_count"] == 3


@pytest.mark.parametrize("field", ["secret", "key"])
def test_a_stored_key_and_a_credential_do_not_go_together(store, admin, new, create, field):
    given = {"secret": ..., "apiKeyUuid": store()} | {field: "canary"}
    refused = admin.post("/ai/llm", json=new(**given))
    changed = admin.put(f"/ai/llm/{create()}", json={"apiKeyUuid": store(), field: "canary"})
    for answer in (refused, changed):
        assert (answer.status_code, answer.json()["message"]) == (
            400,
            f"{field} must not be set together with apiKeyUuid",
        )


def test_a_stored_key_has_to_be_in_the_configurations_workspace(store, admin, new, create):
    elsewhere = store(workspaceId="ws-research")
    for api_key in (elsewhere, "none"):
        assert admin.post("/ai/llm", json=new(secret=..., apiKeyUuid=api_key)).status_code == 404
        assert admin.put(f"/ai/llm/{create()}", json={"apiKeyUuid": api_key}).status_code == 404


def test_a_configuration_changes_from_a_secret_to_a_stored_key_and_back(store, create, admin, listed, db):
    first, second = store(), store()
    llm_id = create(secret="made-up-own", key="made-up-own-key-1234")
    path = f"/ai/llm/{llm_id}"
    assert admin.put(path, json={"apiKeyUuid": first}).status_code == 200
    assert (listed(llm_id)["apiKeyId"], listed(llm_id)["key"]) == (first, None)
    assert listed(llm_id)["endpoint"] == "https://api.openai.com/v1"
    assert not stored_credential_is(db, llm_id, "made-up-own")
    assert admin.put(path, json={"apiKeyUuid": second, "endpoint": None}).status_code == 200
    assert (listed(llm_id)["apiKeyId"], listed(llm_id)["endpoint"]) == (second, None)
    alone = admin.put(path, json={"secret": "made-up-own"})
    assert (alone.status_code, alone.json()["message"]) == (400, "endpoint is required with secret")
    assert admin.put(path, json={"key": "made-up-key"}).status_code == 400
    assert admin.put(path, json={"name": f"Renamed {llm_id}"}).status_code == 200
    back = {"secret": "made-up-own", "endpoint": "https://a.example"}
    assert admin.put(path, json=back).status_code == 200
    assert "apiKeyId" not in listed(llm_id)
    assert stored_credential_is(db, llm_id, "made-up-own")
    gone = admin.put(path, json={"endpoint": None})
    assert (gone.status_code, gone.json()["message"]) == (400, "endpoint is required with secret")


def test_a_stored_key_is_changed_in_place(store, keys, create, admin):
    api_key = store(description="old")
    llm_id = create(apiKeyUuid=api_key, secret=...)
    assert admin.post(f"/ai/llm/{llm_id}/validate").json()["success"] is True
    changes = {"secret": "an-invalid-secret", "key": "other-identifier-1234", "description": None, "provider": "OTHER"}
    answer = admin.put(f"/apikeys/{api_key}", json=changes)
    assert (answer.status_code, answer.json()["apiKeyId"]) == (200, api_key)
    row = keys()[api_key]
    assert (row["key"], row["provider"], "description" in row) == ("****1234", "OTHER", False)
    assert admin.post(f"/ai/llm/{llm_id}/validate").json()["success"] is False
    assert admin.put(f"/apikeys/{api_key}", json={}).status_code == 200
    assert admin.put(f"/apikeys/{api_key}", json={"workspaceId": "ws-research"}).status_code == 400
    assert admin.put("/apikeys/none", json={}).status_code == 404


def test_a_stored_key_in_use_is_not_deleted(store, keys, create, admin):
    api_key = store()
    llm_id = create(apiKeyUuid=api_key, secret=...)
    used = admin.delete(f"/apikeys/{api_key}")
    assert (used.status_code, "in use" in used.json()["message"]) == (403, True)
    assert admin.delete(f"/ai/llm/{llm_id}").status_code == 200
    assert admin.delete(f"/apikeys/{api_key}").json() == {"success": True, "message": "API key deleted successfully"}
    assert api_key not in keys()
    assert admin.delete(f"/apikeys/{api_key}").status_code == 404


def test_a_reader_sees_stored_keys_and_does_not_change_them(store, reader):
    api_key = store()
    assert api_key in {row["id"] for row in reader.get("/apikeys").json()["apiKeys"]}
    answers = [
        reader.post("/apikeys", json=OPENAI),
        reader.put(f"/apikeys/{api_key}", json={}),
        reader.delete(f"/apikeys/{api_key}"),
        reader.get("/apikeys", params={"workspaceId": "ws-none"}),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4
