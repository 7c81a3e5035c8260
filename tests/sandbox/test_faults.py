"""Every action of a fault script, as a client of the real server process sees it."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import plain_http
import pytest
from sandboxes import running

from fbsync.sandbox.options import SandboxOptions


def rule(name, action, **match):
    return {"match": {"name": name, **match}, "action": action}


RULES = [
    rule("refused", {"type": "refuse"}),
    rule("dropped", {"type": "process-then-drop"}, method="POST"),
    rule("five hundred", {"type": "process-then-500"}, method="POST"),
    rule("bad gateway", {"type": "process-then-502"}, method="POST"),
    rule("timed out", {"type": "process-then-504"}, method="POST"),
    rule("other status", {"type": "process-then-status", "status": 503, "body": "<p>busy", "headers": {"X-A": "b"}}),
    rule("in disguise", {"type": "status", "status": 200, "body": {"success": False, "message": "no"}}),
    rule("a page", {"type": "status", "status": 502, "body": "<html>proxy</html>"}),
    rule("plain", {"type": "status", "status": 409, "headers": {"Content-Type": "text/weird"}, "body": "no"}),
    rule("unprocessable", {"type": "status", "status": 422}),
    rule("kept", {"type": "status", "status": 418}, method="DELETE"),
    rule("torn", {"type": "torn", "bytes": 5}),
    rule("torn in half", {"type": "torn"}),
    rule("cut", {"type": "torn", "length": "cut"}),
    rule("cut to nothing", {"type": "torn", "length": "cut", "bytes": 0}),
    rule("slow", {"type": "slow", "before": 1, "after": 1, "dribble": 20}),
    rule("seconds", {"type": "throttle", "retryAfter": 3}),
    rule("date", {"type": "throttle", "retryAfter": 30, "form": "date", "status": 503}),
    rule("none", {"type": "throttle", "form": "none"}),
    rule("unavailable", {"type": "process-then-503"}, method="POST"),
    rule("a processed page", {"type": "proxy-page", "status": 200, "processed": True}),
    rule("a page for a delete", {"type": "proxy-page", "status": 404}, method="DELETE"),
    rule("squared", {"type": "throttle", "retryAfter": "\u00b2"}),
    rule("for ages", {"type": "throttle", "retryAfter": "Thu, 31 Dec 99999999999999999999 23:59:59 GMT"}),
    rule("late", {"type": "listing-lag", "calls": 2}),
    rule("late and dropped", {"type": "listing-lag", "calls": 1}),
    rule("late and dropped", {"type": "process-then-drop"}),
]


@pytest.fixture(scope="module")
def faults_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("faults") / "faults.json"
    path.write_text(json.dumps({"rules": RULES}))
    return path


@pytest.fixture
def ids(admin):
    """The listed ids by name. Each call lists once."""
    return lambda: {llm["name"]: llm["id"] for llm in admin.get("/ai/llm").json()["aiLlms"]}


def script(tmp_path, *rules, seed=0):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"rules": rules, "seed": seed}))
    return SandboxOptions(faults=path)


def statuses(sandbox, count, path="/health"):
    with plain_http.Client(base_url=sandbox.url) as client:
        return [client.get(path).status_code for _ in range(count)]


def test_a_refused_request_is_reset_and_not_processed(admin, new, ids):
    with pytest.raises(httpx.TransportError):
        admin.post("/ai/llm", json=new(name="refused"))
    assert "refused" not in ids()


def test_a_dropped_request_is_processed_and_reset(admin, new, ids):
    with pytest.raises(httpx.TransportError):
        admin.post("/ai/llm", json=new(name="dropped"))
    assert "dropped" in ids()


@pytest.mark.parametrize(
    ("name", "status"), [("five hundred", 500), ("bad gateway", 502), ("unavailable", 503), ("timed out", 504)]
)
def test_a_lost_answer_may_be_a_server_error(admin, new, ids, name, status):
    answer = admin.post("/ai/llm", json=new(name=name))
    assert (answer.status_code, answer.json()["success"]) == (status, False)
    assert name in ids()


def test_a_processed_request_may_get_any_answer(admin, new, ids):
    answer = admin.post("/ai/llm", json=new(name="other status"))
    assert (answer.status_code, answer.text, answer.headers["X-A"]) == (503, "<p>busy", "b")
    assert "other status" in ids()


@pytest.mark.parametrize(
    ("name", "status", "kind", "text"),
    [
        ("in disguise", 200, "application/json", '{"success": false, "message": "no"}'),
        ("a page", 502, "text/html; charset=utf-8", "<html>proxy</html>"),
        ("plain", 409, "text/weird", "no"),
        ("unprocessable", 422, "application/json", '{"success": false'),
    ],
)
def test_an_unprocessed_request_may_get_any_answer(admin, new, ids, name, status, kind, text):
    answer = admin.post("/ai/llm", json=new(name=name))
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, kind)
    assert answer.text.startswith(text)
    assert name not in ids()


def test_a_page_of_a_proxy_comes_with_any_status_before_or_after_the_deed(admin, new, create, ids):
    page = admin.post("/ai/llm", json=new(name="a processed page"))
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "<h1>200 OK</h1>" in page.text
    assert "a processed page" in ids()
    gone = admin.delete(f"/ai/llm/{create(name='a page for a delete')}")
    assert (gone.status_code, "<h1>404 Not Found</h1>" in gone.text) == (404, True)
    assert "a page for a delete" in ids()


def test_retry_after_may_be_any_text(admin, new):
    squared, ages = (admin.post("/ai/llm", json=new(name=name)) for name in ("squared", "for ages"))
    assert squared.headers["Retry-After"] == "\u00b2"
    assert ages.headers["Retry-After"] == "Thu, 31 Dec 99999999999999999999 23:59:59 GMT"


@pytest.mark.parametrize("name", ["torn", "torn in half"])
def test_a_torn_answer_ends_early(admin, new, ids, name):
    with pytest.raises(httpx.RemoteProtocolError):
        admin.post("/ai/llm", json=new(name=name))
    assert name in ids()


@pytest.mark.parametrize("name", ["cut", "cut to nothing"])
def test_a_cut_answer_is_whole_but_no_json(admin, new, ids, name):
    answer = admin.post("/ai/llm", json=new(name=name))
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        answer.json()
    assert name in ids()


def test_a_slow_answer_is_whole(admin, new):
    began = time.monotonic()
    assert admin.post("/ai/llm", json=new(name="slow")).json()["success"] is True
    assert time.monotonic() - began >= 0.02


def test_throttling_names_seconds_a_date_or_nothing(admin, new, ids):
    seconds, date, none = (admin.post("/ai/llm", json=new(name=name)) for name in ("seconds", "date", "none"))
    assert (seconds.status_code, seconds.headers["Retry-After"]) == (429, "3")
    assert date.status_code == 503
    assert parsedate_to_datetime(date.headers["Retry-After"]) > datetime.now(UTC) - timedelta(seconds=1)
    assert none.status_code == 429
    assert "Retry-After" not in none.headers
    assert not {"seconds", "date", "none"} & set(ids())


def test_what_is_created_may_be_listed_late(admin, new, ids):
    assert admin.post("/ai/llm", json=new(name="late")).status_code == 200
    assert ["late" in ids() for _ in range(4)] == [False, False, True, True]
    assert admin.post("/ai/llm", json=new(name="late")).status_code == 400


def test_a_late_listing_comes_besides_another_fault(admin, new, ids):
    with pytest.raises(httpx.TransportError):
        admin.post("/ai/llm", json=new(name="late and dropped"))
    assert ["late and dropped" in ids() for _ in range(2)] == [False, True]


def test_a_name_is_known_by_the_id_in_the_path_too(admin, create):
    llm_id = create(name="kept")
    assert admin.put(f"/ai/llm/{llm_id}", json={"name": "unprocessable"}).status_code == 422
    assert admin.delete(f"/ai/llm/{llm_id}").status_code == 418
    assert admin.delete(f"/ai/llm/{create()}").status_code == 200


def test_tokens_expire_all_at_once_and_can_be_renewed(tmp_path):
    expiry = {"match": {"path": "/ai/llm", "nth": 2}, "action": {"type": "expire-tokens"}}
    with running(script(tmp_path, expiry)) as sandbox, plain_http.Client(base_url=sandbox.url) as client:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        assert [client.get("/ai/llm", headers=headers).status_code for _ in range(3)] == [200, 401, 401]
        renewed = client.post("/user/refresh", json={"refreshToken": sandbox.refresh_token}).json()
        headers = {"Authorization": f"Bearer {renewed['accessToken']}"}
        assert client.get("/ai/llm", headers=headers).status_code == 200


def test_rules_count_for_themselves_and_the_first_that_is_due_decides(tmp_path):
    def answer(status, times=None, **match):
        limit = {} if times is None else {"times": times}
        return {"match": {"path": "/health", **match}, "action": {"type": "status", "status": status}, **limit}

    rules = [answer(501, nth=2), answer(502, every=3, times=1), answer(503, after=4), answer(504, nth=5)]
    with running(script(tmp_path, *rules)) as sandbox:
        assert statuses(sandbox, 7) == [200, 501, 502, 200, 503, 503, 503]


@pytest.mark.parametrize(
    ("path", "hit", "missed"),
    [
        ({"path": "/ai/llm/*"}, "/ai/llm/available", "/ai/llm/x/validate"),
        ({"path": "/ai/**"}, "/ai/llm/x/validate", "/aix"),
        ({"path": "/a.c"}, "/a.c", "/abc"),
        ({"pathRegex": "/user/(profile|login)"}, "/user/profile", "/user/profile/x"),
        ({"path": "/user/*", "pathRegex": ".*e"}, "/user/profile", "/ai/some"),
    ],
)
def test_paths_are_matched_by_glob_and_by_expression(tmp_path, path, hit, missed):
    rules = {"match": path, "action": {"type": "status", "status": 418}}
    with running(script(tmp_path, rules)) as sandbox:
        assert statuses(sandbox, 1, hit) == [418]
        assert 418 not in statuses(sandbox, 1, missed)


def test_chance_is_the_same_for_the_same_seed(tmp_path):
    often = {"match": {"chance": 0.5}, "action": {"type": "status", "status": 418}}
    seen = []
    for seed in (1, 1, 2):
        with running(script(tmp_path, often, seed=seed)) as sandbox:
            seen.append(statuses(sandbox, 40))
    assert seen[0] == seen[1] != seen[2]
    assert set(seen[0]) == {200, 418}
