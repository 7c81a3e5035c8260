"""Signing in, tokens, roles and workspaces, over HTTP against the real server process."""

import json
import time
from datetime import datetime

import plain_http
import pytest
from sandboxes import running

from fbsync.sandbox.builtin import READER
from fbsync.sandbox.options import SandboxOptions

SEED = {
    "workspaces": [{"id": "ws-closed", "name": "Closed"}],
    "users": [
        {"email": "idle@sandbox.example", "password": "made-up", "active": False},
        {"email": "sso@sandbox.example"},
        {"email": "new@sandbox.example", "password": "made-up", "validated": False},
        {"email": "stranger@sandbox.example", "password": "made-up"},
    ],
    "configurations": [
        {
            "workspaceId": "ws-sandbox",
            "name": "In use",
            "aiType": "AWS",
            "endpoint": "https://bedrock.example.com",
            "secret": "made-up",
            "validated": True,
        }
    ],
    "repositories": [{"workspaceId": "ws-sandbox", "name": "Support", "uses": ["In use", "Awaited"]}],
}


@pytest.fixture(scope="module")
def seed_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("seed") / "seed.json"
    path.write_text(json.dumps(SEED))
    return path


@pytest.fixture
def stranger(sandbox):
    body = {"email": "stranger@sandbox.example", "password": "made-up"}
    token = plain_http.post(f"{sandbox.url}/user/login", json=body).json()["accessToken"]
    with plain_http.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


LOGIN = {"email": "writer@sandbox.example", "password": "sandbox-writer-password", "deviceInfo": {"os": "Linux"}}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_signing_in_gives_a_pair_of_tokens_that_lives_for_an_hour(sandbox, anyone):
    answer = anyone.post("/user/login", json={"email": "ADMIN@sandbox.example", "password": sandbox.admin.password})
    body = answer.json()
    assert set(body) == {"success", "accessToken", "refreshToken", "tokenId", "expiresAt", "user"}
    assert isinstance(body["expiresAt"], int)
    assert 3500 < body["expiresAt"] - time.time() <= 3600
    profile = anyone.get("/user/profile", headers=bearer(body["accessToken"])).json()
    assert profile["data"].items() >= body["user"].items()
    assert profile["data"] | {"id": "", "orgId": ""} == {
        "id": "",
        "name": "Admin",
        "lastName": "Sandbox",
        "email": "admin@sandbox.example",
        "orgId": "",
        "orgRole": 255,
        "orgRoleDescription": "OWNER",
        "orgRoles": [0, 1, 2, 254, 255],
        "validated": True,
        "mfaRequired": False,
        "isBusiness": False,
    }


@pytest.mark.parametrize(
    ("email", "password", "error_code"),
    [
        ("nobody@sandbox.example", "canary", "USER_NOT_FOUND"),
        ("admin@sandbox.example", "canary", "INVALID_PASSWORD"),
        ("idle@sandbox.example", "made-up", "USER_INACTIVE"),
        ("sso@sandbox.example", "canary", "NO_PASSWORD_SET"),
    ],
)
def test_a_failed_sign_in_says_why_by_code(anyone, email, password, error_code):
    answer = anyone.post("/user/login", json={"email": email, "password": password})
    assert answer.status_code == 401
    assert answer.json() == {"success": False, "error_code": error_code}


def test_an_account_that_is_not_verified_gets_no_tokens(anyone):
    answer = anyone.post("/user/login", json={"email": "new@sandbox.example", "password": "made-up"})
    assert answer.status_code == 200
    assert set(answer.json()) == {"success", "message", "verificationTokenId"}
    wrong = anyone.post("/user/login", json={"email": "new@sandbox.example", "password": "canary"})
    assert wrong.json() == {"success": False, "error_code": "INVALID_PASSWORD"}


@pytest.mark.parametrize("body", [{}, {"email": "admin@sandbox.example"}, {"email": "a", "password": 7}])
def test_a_sign_in_without_its_fields_is_a_bad_request(anyone, body):
    answer = anyone.post("/user/login", json=body)
    assert (answer.status_code, answer.json()["success"]) == (400, False)


@pytest.mark.parametrize("fields", [("refresh_token",), ("refreshToken",), ("refresh_token", "refreshToken")])
def test_a_refresh_token_is_taken_in_either_field_and_once(anyone, fields):
    credentials = {"email": READER.email, "password": READER.password}
    first = anyone.post("/user/login", json=credentials).json()
    renewed = anyone.post("/user/refresh", json=dict.fromkeys(fields, first["refreshToken"]))
    assert set(renewed.json()) == {"success", "token", "accessToken", "refreshToken", "expiresAt"}
    assert renewed.json()["token"] == renewed.json()["accessToken"]
    assert anyone.get("/user/profile", headers=bearer(renewed.json()["accessToken"])).status_code == 200
    again = anyone.post("/user/refresh", json=dict.fromkeys(fields, first["refreshToken"]))
    assert again.status_code == 401
    assert set(again.json()) == {"success", "error_code"}


@pytest.mark.parametrize("body", [{}, {"refresh_token": ""}, {"refreshToken": None}])
def test_a_renewal_without_a_token_is_a_bad_request(anyone, body):
    assert anyone.post("/user/refresh", json=body).status_code == 400


def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(sandbox, anyone):
    assert anyone.post("/user/refresh", json={"refresh_token": sandbox.token}).status_code == 401
    assert anyone.get("/user/profile", headers=bearer(sandbox.refresh_token)).status_code == 401


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}]
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/ai/llm"), ("POST", "/ai/llm/x/validate"), ("GET", "/workspace")]
)
def test_without_a_good_token_there_is_401_in_the_envelope(anyone, method, path, headers):
    answer = anyone.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["success"] is False
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_access_token_really_expires_and_its_refresh_token_does_not():
    # The lifetime is shorter than any request, so the test does not wait or depend on time.
    with running(SandboxOptions(token_lifetime=0.000001)) as sandbox, plain_http.Client(base_url=sandbox.url) as client:
        assert client.get("/user/profile", headers=bearer(sandbox.token)).status_code == 401
        assert client.post("/user/refresh", json={"refresh_token": sandbox.refresh_token}).status_code == 200


def test_a_reader_reads_and_does_not_write(reader, create, new):
    llm_id = create()
    assert llm_id in {llm["id"] for llm in reader.get("/ai/llm").json()["aiLlms"]}
    answers = [
        reader.post("/ai/llm", json=new()),
        reader.put(f"/ai/llm/{llm_id}", json={}),
        reader.delete(f"/ai/llm/{llm_id}"),
        reader.post(f"/ai/llm/{llm_id}/validate"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["success"]) == (403, False)


def test_a_writer_writes(writer, new):
    created = writer.post("/ai/llm", json=new())
    assert created.status_code == 200
    assert writer.delete(f"/ai/llm/{created.json()['aiLlmId']}").status_code == 200


def test_who_has_no_role_in_a_workspace_does_not_find_what_is_in_it(stranger, create, new):
    llm_id = create()
    assert stranger.get("/ai/llm").json()["aiLlms"] == []
    assert stranger.get("/workspace").json()["workspaces"] == []
    assert stranger.get("/workspace/ws-sandbox").status_code == 404
    assert stranger.put(f"/ai/llm/{llm_id}", json={}).status_code == 404
    assert stranger.delete(f"/ai/llm/{llm_id}").status_code == 404
    assert stranger.post("/ai/llm", json=new()).status_code == 403
    assert stranger.get("/ai/llm", params={"workspaceId": "ws-sandbox"}).status_code == 403


def test_a_workspace_that_is_not_there_is_as_one_that_may_not_be_seen(admin, new):
    assert admin.get("/workspace/ws-none").status_code == 404
    assert admin.post("/ai/llm", json=new(workspaceId="ws-none")).status_code == 403
    assert admin.get("/ai/llm", params={"workspaceId": "ws-none"}).status_code == 403


def test_workspaces_are_shown_with_their_users(admin):
    found = {workspace["id"]: workspace for workspace in admin.get("/workspace").json()["workspaces"]}
    assert set(found) == {"ws-sandbox", "ws-research", "ws-closed"}
    assert admin.get("/workspace/ws-closed").json() == {"success": True, "workspace": found["ws-closed"]}
    assert found["ws-closed"]["name"] == "Closed"
    users = found["ws-closed"]["users"]
    assert all(member["userId"] == member["user"]["id"] for member in users)
    assert set(users[0]["user"]) == {"id", "name", "lastName", "email", "orgRole"}
    assert {member["user"]["email"]: member["role"] for member in users} == {
        "admin@sandbox.example": "ADMIN",
        "writer@sandbox.example": "WRITE",
        "reader@sandbox.example": "READ",
    }


def test_what_a_repository_uses_is_not_deleted(admin):
    [llm] = [llm for llm in admin.get("/ai/llm").json()["aiLlms"] if llm["name"] == "In use"]
    assert [repo["name"] for repo in llm["repos"]] == ["Support"]
    answer = admin.delete(f"/ai/llm/{llm['id']}")
    assert (answer.status_code, answer.json()["success"]) == (403, False)
    assert "in use" in answer.json()["message"]
    assert llm["id"] in {llm["id"] for llm in admin.get("/ai/llm/available").json()["aiLlms"]}


def test_a_repository_takes_what_is_created_for_it(admin, new, listed):
    llm_id = admin.post("/ai/llm", json=new(name="Awaited")).json()["aiLlmId"]
    assert [repo["name"] for repo in listed(llm_id)["repos"]] == ["Support"]
    assert admin.delete(f"/ai/llm/{llm_id}").status_code == 403


@pytest.mark.parametrize("fields", [("refresh_token",), ("refreshToken",), ("refresh_token", "refreshToken")])
def test_signing_out_ends_a_session_with_all_its_tokens(sandbox, anyone, fields):
    first, other = (anyone.post("/user/login", json=LOGIN).json() for _ in range(2))
    renewed = anyone.post("/user/refresh", json={"refreshToken": first["refreshToken"]}).json()
    body = dict.fromkeys(fields, renewed["refreshToken"])
    answer = anyone.post("/user/logout", json=body)
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    for token in (first["accessToken"], renewed["accessToken"]):
        assert anyone.get("/user/profile", headers=bearer(token)).status_code == 401
    again = anyone.post("/user/logout", json=body)
    assert (again.status_code, set(again.json())) == (401, {"success", "error_code"})
    assert anyone.get("/user/profile", headers=bearer(other["accessToken"])).status_code == 200
    assert anyone.post("/user/logout", json={}).status_code == 400


def test_sessions_are_listed_and_revoked_by_whom_they_belong_to(anyone, reader):
    first, second = (anyone.post("/user/login", json=LOGIN).json() for _ in range(2))
    headers = bearer(second["accessToken"])
    sessions = anyone.get("/token", headers=headers).json()["sessions"]
    assert {first["tokenId"], second["tokenId"]} <= {session["id"] for session in sessions}
    assert reader.delete(f"/token/{first['tokenId']}").status_code == 404
    assert anyone.delete(f"/token/{first['tokenId']}", headers=headers).json()["success"] is True
    assert anyone.delete(f"/token/{first['tokenId']}", headers=headers).status_code == 404
    assert anyone.get("/user/profile", headers=bearer(first["accessToken"])).status_code == 401
    assert anyone.post("/user/refresh", json={"refresh_token": first["refreshToken"]}).status_code == 401
    assert anyone.get("/user/profile", headers=headers).status_code == 200


def test_a_login_without_its_second_factor_is_restricted(new):
    with running(SandboxOptions(mfa=True)) as sandbox, plain_http.Client(base_url=sandbox.url) as client:
        login = client.post("/user/login", json=LOGIN).json()
        renewed = client.post("/user/refresh", json={"refresh_token": login["refreshToken"]}).json()
        for token in (login["accessToken"], renewed["accessToken"], sandbox.token):
            for method, path in (("GET", "/ai/llm"), ("POST", "/ai/llm"), ("GET", "/user/profile"), ("GET", "/token")):
                refused = client.request(method, path, headers=bearer(token), json=new())
                assert (refused.status_code, "MFA" in refused.json()["message"]) == (403, True)
        headers = bearer(renewed["accessToken"])
        wrong = client.post("/mfa/verify-login", json={"mfaType": "GOOGLE_AUTH", "code": "123456"}, headers=headers)
        assert (wrong.status_code, set(wrong.json())) == (401, {"success", "error"})
        verified = client.post("/mfa/verify-login", json={"mfaType": "GOOGLE_AUTH", "code": "000000"}, headers=headers)
        assert set(verified.json()) == {"success", "message", "fullAccessToken", "refreshToken"}
        assert client.get("/ai/llm", headers=headers).status_code == 401
        renewed = client.post("/user/refresh", json={"refresh_token": verified.json()["refreshToken"]}).json()
        for token in (verified.json()["fullAccessToken"], renewed["accessToken"]):
            assert client.get("/user/profile", headers=bearer(token)).json()["data"]["mfaRequired"] is True
        assert client.post("/user/logout", json={"refreshToken": sandbox.refresh_token}).status_code == 200


def test_who_creates_is_who_is_listed(admin, writer, new, listed):
    ids = {}
    for client in (admin, writer):
        llm_id = client.post("/ai/llm", json=new()).json()["aiLlmId"]
        ids[listed(llm_id)["userId"]] = client.get("/user/profile").json()["data"]["id"]
    assert len(ids) == 2
    assert all(shown == real for shown, real in ids.items())


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST.:80", 200),
        ("fbsync.localhost:8787", 200),
        ("127.0.0.1", 200),
        ("127.8.9.10:1", 200),
        ("[::1]:8787", 200),
        ("evil.example", 421),
        ("evil.example:8787", 421),
        ("localhost.evil.example", 421),
        ("evillocalhost", 421),
        ("127.0.0.1.nip.example", 421),
        ("user@evil.example", 421),
        ("0.0.0.0", 421),
        ("10.0.0.1", 421),
        ("[::ffff:10.0.0.1]", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_only_loopback_names_are_answered(anyone, host, status):
    answer = anyone.get("/health", headers={"Host": host})
    assert answer.status_code == status
    assert status == 200 or "loopback" in answer.json()["message"]


def test_health_needs_no_token(anyone):
    body = anyone.get("/health").json()
    assert body["status"] == "ok"
    assert datetime.fromisoformat(body["timestamp"]).utcoffset() is not None


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/ai/llm/", 404), ("GET", "/user/logout", 405), ("PATCH", "/ai/llm", 405)],
)
def test_unknown_paths_and_methods_are_answered_in_the_envelope(anyone, method, path, status):
    answer = anyone.request(method, path)
    assert (answer.status_code, answer.json()["success"]) == (status, False)


def test_a_method_that_is_not_allowed_is_answered_with_those_that_are(anyone):
    assert anyone.patch("/ai/llm").headers["Allow"] == "GET, POST"
    assert anyone.patch("/ai/llm/some-id").headers["Allow"] == "DELETE, PUT"
