"""Effects of a fault script: other shapes of correct answers, shorter or longer lists, and a server's own spelling."""

import json
from contextlib import contextmanager

import httpx
import plain_http
import pytest
from sandboxes import running

from fbsync.sandbox.options import SandboxOptions

LLM = {
    "name": "Chat",
    "aiType": "OPENAI",
    "endpoint": "https://api.openai.com/v1",
    "secret": "made-up-credential",
    "workspaceId": "ws-sandbox",
}


@pytest.fixture
def faulty(tmp_path):
    """Run a sandbox with these rules and return a client of its administrator."""

    @contextmanager
    def started(*rules, **options):
        path = tmp_path / "faults.json"
        path.write_text(json.dumps({"rules": rules}))
        with (
            running(SandboxOptions(faults=path, **options)) as sandbox,
            plain_http.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {sandbox.token}"}) as client,
        ):
            client.refresh_token = sandbox.refresh_token
            yield client

    return started


def rule(action, **match):
    return {"match": match, "action": action}


def create(client, **changes):
    return client.post("/ai/llm", json=LLM | changes)


def rows(client, **filters):
    return client.get("/ai/llm", params=filters).json()["aiLlms"]


def names(client, **filters):
    return [row["name"] for row in rows(client, **filters)]


def test_a_success_may_have_another_status_another_shape_or_no_body(faulty):
    with faulty(
        rule({"type": "reshape", "status": 201, "set": {"message": None}, "remove": ["success"]}, method="POST"),
        rule({"type": "reshape", "status": 202, "empty": True}, method="PUT"),
        rule({"type": "reshape", "status": 204}, method="DELETE"),
    ) as client:
        created = create(client)
        assert created.status_code == 201
        assert set(created.json()) == {"aiLlmId", "message"}
        path = f"/ai/llm/{created.json()['aiLlmId']}"
        changed, deleted = client.put(path, json={"name": "Other"}), client.delete(path)
        assert (changed.status_code, changed.content) == (202, b"")
        assert (deleted.status_code, deleted.content) == (204, b"")
        assert rows(client) == []
        refused = create(client, workspaceId="ws-none")
        assert (refused.status_code, refused.json()["success"]) == (403, False)


def test_a_server_with_numbers_for_ids_takes_them_back(faulty):
    with faulty(rule({"type": "ids", "form": "integer"}, path="/ai/**")) as client:
        first, second = create(client).json()["aiLlmId"], create(client, name="Other").json()["aiLlmId"]
        assert [row["id"] for row in rows(client)] == [first, second] == [1, 2]
        changed = client.put("/ai/llm/2", json={"name": "Renamed"})
        assert (changed.status_code, changed.json()["aiLlmId"]) == (200, 2)
        assert client.delete("/ai/llm/1").status_code == 200
        assert names(client) == ["Renamed"]
        assert client.delete("/ai/llm/7").status_code == 404
        assert [row["aiLlmId"] for row in client.get("/ai/llm/stats").json()["stats"]] == [2]


@pytest.mark.parametrize(
    ("form", "id_"), [("dot", "."), ("dot-dot", ".."), ("blank", " "), ("null", None), ("surrogate", "\ud800")]
)
def test_ids_may_be_none_that_an_id_should_be(faulty, form, id_):
    with faulty(rule({"type": "ids", "form": form})) as client:
        text = create(client).text
        for given in (json.loads(text)["aiLlmId"], rows(client)[0]["id"]):
            assert given == id_ or given.endswith(id_)
        assert form != "surrogate" or "\\ud800" in text


def test_two_creations_may_be_answered_with_one_id(faulty):
    with faulty(rule({"type": "ids", "form": "same"}, path="/ai/llm")) as client:
        first, second = (create(client, name=name).json()["aiLlmId"] for name in ("A", "B"))
        assert first == second
        assert len({row["id"] for row in rows(client)}) == 2


def test_an_id_may_be_odd_in_answers_alone(faulty):
    with faulty(rule({"type": "ids", "form": "integer", "where": "answers"})) as client:
        assert create(client).json()["aiLlmId"] == 1
        assert isinstance(rows(client)[0]["id"], str)


def test_rows_may_be_changed_by_name_unreadable_or_added(faulty):
    gone = {"type": "rows", "names": ["A"], "set": {"deletedAt": "2026-01-01T00:00:00Z", "key": None}}
    with faulty(
        rule(gone, method="GET"),
        rule({"type": "rows", "names": ["B"], "remove": ["id"]}, method="GET"),
        rule({"type": "rows", "names": ["C"], "become": "text", "add": [{"id": 7}, None]}, method="GET"),
    ) as client:
        for name in ("A", "B", "C", "D"):
            create(client, name=name, key="made-up-key-1234")
        a, b, c, d, *added = rows(client)
        assert (a["deletedAt"], a["key"]) == ("2026-01-01T00:00:00Z", None)
        assert (b["name"], "id" in b) == ("B", False)
        assert isinstance(c, str)
        assert d["key"] == "****1234"
        assert added == [{"id": 7}, None]


def test_a_list_may_be_cut_with_and_without_signs_of_more(faulty):
    every = ["total", "hasMore", "nextCursor", "pagination", "link"]
    with faulty(
        rule({"type": "short-list", "limit": 2}, method="GET", nth=1),
        rule({"type": "short-list", "limit": 2, "signs": every}, method="GET", nth=2),
        rule({"type": "short-list", "hide": ["A", "C"], "signs": ["total"]}, method="GET", nth=3),
        rule({"type": "short-list", "limit": 0}, method="GET", nth=4),
        rule({"type": "short-list", "signs": every}, method="GET", nth=5),
    ) as client:
        for name in ("A", "B", "C"):
            create(client, name=name)
        silent, capped, hidden, empty, whole = (client.get("/ai/llm") for _ in range(5))
        assert [row["name"] for row in silent.json()["aiLlms"]] == ["A", "B"]
        assert set(silent.json()) == {"success", "aiLlms"}
        signs = capped.json()
        assert (signs["total"], signs["hasMore"], signs["pagination"]["total"]) == (3, True, 3)
        assert signs["nextCursor"]
        assert 'rel="next"' in capped.headers["Link"]
        assert [row["name"] for row in hidden.json()["aiLlms"]] == ["B"]
        assert hidden.json()["total"] == 3
        assert empty.json() == {"success": True, "aiLlms": []}
        assert (whole.json()["hasMore"], whole.json()["nextCursor"], whole.headers.get("Link")) == (False, None, None)


def test_a_list_may_go_on_as_it_was(faulty):
    with faulty(
        {"match": {"method": "GET", "path": "/ai/llm"}, "times": 2, "action": {"type": "stale-list"}}
    ) as client:
        create(client, name="A")
        assert names(client) == ["A"]
        create(client, name="B")
        assert names(client) == ["A"]
        assert names(client) == ["A", "B"]


def test_what_is_deleted_may_stay_in_lists_as_deleted(faulty):
    with faulty(rule({"type": "tombstone"}, method="DELETE")) as client:
        ids = [create(client, name=name).json()["aiLlmId"] for name in ("A", "B")]
        assert client.delete(f"/ai/llm/{ids[0]}").status_code == 200
        assert client.delete("/ai/llm/none").status_code == 404
        assert [(row["id"], "deletedAt" in row) for row in rows(client)] == [(ids[1], False), (ids[0], True)]
        assert names(client, workspaceId="ws-research") == []
        assert create(client, name="A").status_code == 200


@pytest.mark.parametrize(
    ("what", "endpoint", "stored"),
    [
        (["slash"], "https://A.example:443/v1", "https://A.example:443/v1/"),
        (["slash"], "https://a.example/", "https://a.example/"),
        (["slash"], "https://a.example/v1?x=y", "https://a.example/v1?x=y"),
        (["port"], "https://a.example:443/v1", "https://a.example/v1"),
        (["port"], "http://a.example:80", "http://a.example"),
        (["port"], "https://a.example:4430", "https://a.example:4430"),
        (["host"], "HTTPS://user@A.Example/V1", "https://user@a.example/V1"),
        (["slash", "port", "host"], "https://[::1]:443", "https://[::1]/"),
    ],
)
def test_a_server_may_spell_endpoints_in_its_own_way(faulty, what, endpoint, stored):
    with faulty(rule({"type": "normalize", "what": what})) as client:
        llm_id = create(client).json()["aiLlmId"]
        assert client.put(f"/ai/llm/{llm_id}", json={"endpoint": endpoint}).status_code == 200
        assert rows(client)[0]["endpoint"] == stored


def test_a_server_may_spell_names_and_types_in_its_own_way(faulty):
    with faulty(rule({"type": "normalize"})) as client:
        assert create(client, name="  Cafe\u0301 ", endpoint="https://A.example").status_code == 200
        [row] = rows(client)
        assert (row["name"], row["aiType"], row["endpoint"]) == ("Caf\u00e9", "openai", "https://a.example/")
        assert create(client, name="Caf\u00e9").status_code == 400


def test_a_server_may_compare_names_loosely(faulty):
    with faulty(rule({"type": "fold-names"}, path="/ai/**")) as client:
        assert create(client, name="Support  bot").status_code == 200
        taken = create(client, name=" SUPPORT bot")
        assert (taken.status_code, "already exists" in taken.json()["message"]) == (400, True)
        other = create(client, name="Other").json()["aiLlmId"]
        assert client.put(f"/ai/llm/{other}", json={"name": "support bot"}).status_code == 400
        assert client.put(f"/ai/llm/{other}", json={"name": "OTHER"}).status_code == 200
        assert create(client, name="Support bot", workspaceId="ws-research").status_code == 200


@pytest.mark.parametrize("answer", ["drop", "status"])
def test_a_request_may_be_carried_out_before_a_later_one(faulty, answer):
    late = {"type": "process-later", "requests": 2, "answer": answer, "status": 503}
    with faulty(rule(late, method="POST", path="/ai/llm", nth=1), rule({"type": "expire-tokens"}, nth=2)) as client:
        if answer == "drop":
            with pytest.raises(httpx.TransportError):
                create(client)
        else:
            assert create(client).status_code == 503
        renewed = client.post("/user/refresh", json={"refresh_token": client.refresh_token}).json()
        client.headers["Authorization"] = f"Bearer {renewed['accessToken']}"
        # This is the second request since then. The late one is carried out first, though its sender's token has ended.
        assert names(client) == ["Chat"]


def test_a_request_may_be_carried_out_after_a_time_while_its_client_waits_in_vain(faulty):
    late = {"type": "process-later", "after": 1, "answer": "hang"}
    with faulty(rule(late, method="POST")) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post("/ai/llm", json=LLM, timeout=0.2)
        while names(client) != ["Chat"]:
            pass


def test_a_late_request_without_permission_changes_nothing(faulty):
    with faulty(rule({"type": "process-later", "requests": 1, "answer": "status"}, method="POST")) as client:
        answer = client.post("/ai/llm", json=LLM, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 504
        assert rows(client) == []


SECRET = 'made-up "se/cret" <ü> & more'


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("plain", SECRET),
        ("json", 'made-up \\"se/cret\\" <\\u00fc> & more'),
        ("unicode", "".join(f"\\u{ord(letter):04x}" for letter in SECRET)),
        ("url", "made-up%20%22se%2Fcret%22%20%3C%C3%BC%3E%20%26%20more"),
        ("html", "made-up &quot;se/cret&quot; &lt;ü&gt; &amp; more"),
        ("base64", "bWFkZS11cCAic2UvY3JldCIgPMO8PiAmIG1vcmU="),
    ],
)
def test_a_message_may_repeat_a_credential_in_any_form(faulty, form, shown):
    with faulty(
        rule({"type": "echo", "form": form}, name="Chat"), rule({"type": "echo", "page": True}, name="Page")
    ) as client:
        answer = create(client, secret=SECRET)
        assert answer.status_code == 400
        assert answer.json()["message"] == f"Incorrect credential provided: {shown}. Check it and try again."
        assert f"provided: {SECRET}." in create(client, name="Page", secret=SECRET).text
        assert rows(client) == []


def test_a_message_may_repeat_the_token_the_password_or_what_an_earlier_request_carried(faulty):
    with faulty(
        rule({"type": "echo", "what": "token", "status": 401, "page": True}, path="/workspace"),
        rule({"type": "echo", "what": "password", "status": 401}, path="/user/login"),
        rule({"type": "echo", "what": "refreshToken"}, path="/user/refresh"),
        rule({"type": "echo", "what": "stored", "status": 200}, pathRegex=".*/validate"),
        rule({"type": "echo", "what": "key"}, method="PUT"),
    ) as client:
        assert client.headers["Authorization"].removeprefix("Bearer ") in client.get("/workspace").text
        assert "canary" in client.post("/user/login", json={"email": "x", "password": "canary"}).json()["message"]
        assert "canary" in client.post("/user/refresh", json={"refreshToken": "canary"}).json()["message"]
        first, second = (create(client, name=n, secret=f"made-up-{n}").json()["aiLlmId"] for n in ("A", "B"))
        assert "made-up-A." in client.post(f"/ai/llm/{first}/validate").json()["message"]
        assert "made-up-B." in client.post(f"/ai/llm/{second}/validate").json()["message"]
        assert client.put(f"/ai/llm/{first}", json={"name": "no key, a true answer"}).status_code == 200


@pytest.mark.parametrize("kind", ["endless-body", "gzip-bomb"])
def test_a_body_may_be_far_too_large(faulty, kind):
    with faulty(rule({"type": kind, "megabytes": 3}, path="/workspace")) as client:
        with client.stream("GET", "/workspace") as answer:
            assert answer.headers.get("Content-Encoding") == ("gzip" if kind == "gzip-bomb" else None)
            sent = sum(map(len, answer.iter_raw()))
        assert sent < 2**16 if kind == "gzip-bomb" else sent > 3 * 2**20
        body = client.get("/workspace").json()
        assert (body["success"], len(body["message"])) == (True, 3 * 2**20)


def test_a_client_that_leaves_a_flood_does_not_hold_the_server(faulty):
    with faulty(rule({"type": "endless-body", "megabytes": 4096}, path="/workspace")) as client:
        with client.stream("GET", "/workspace") as answer:
            next(answer.iter_raw())
        assert client.get("/health").status_code == 200


def test_a_body_may_come_drop_by_drop(faulty):
    with faulty(rule({"type": "slow", "dribble": 1200}, path="/health")) as client:
        with client.stream("GET", "/health") as answer:
            pieces = list(answer.iter_raw())
        assert len(pieces) >= 5
        assert json.loads(b"".join(pieces))["status"] == "ok"


@pytest.mark.parametrize("name", [["odd"], 7, None])
def test_a_name_that_is_none_does_not_upset_the_rules(faulty, name):
    with faulty(rule({"type": "refuse"}, name="Chat"), rule({"type": "fold-names"})) as client:
        assert create(client, name=name).status_code == 400
