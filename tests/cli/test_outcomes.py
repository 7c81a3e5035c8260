"""The effect of each answer to a write, in the same run and in the next one."""

import json

import pytest
from cli_world import MANIFEST
from recorder import Reply
from selection import few_of

PAGE = b"<html><body>no such page</body></html>"
REFUSALS = [
    pytest.param({"status": 400, "body": {"success": False, "message": "no"}}, id="400"),
    pytest.param({"status": 403, "body": {"success": False, "message": "no"}}, id="403"),
    pytest.param({"status": 409, "body": {"success": False, "message": "no"}}, id="409"),
    pytest.param({"status": 429, "body": {"success": False}, "headers": {"Retry-After": "99"}}, id="429"),
    pytest.param({"status": 404, "body": PAGE}, id="404-page"),
]


def outcomes(done):
    return {entry["name"]: entry["outcome"] for entry in json.loads(done.stdout)["entries"]}


def answer(server, method, *replies):
    """Answer the requests of a method in turn; the last answer serves all later ones."""
    left = list(replies)
    server.replies = lambda request: (left.pop(0) if len(left) > 1 else left[0]) if request.method == method else None


@pytest.fixture
def applied(project, server):
    assert project("apply").returncode == 0
    server.requests.clear()
    return project


@pytest.mark.parametrize("refusal", REFUSALS)
@pytest.mark.parametrize("first", few_of([502, 503, 500], 502))
def test_a_change_that_may_have_been_made_stays_in_doubt_whatever_comes_after(
    applied, server, on_server, first, refusal
):
    """After the manifest is reverted, the next run has to undo what may have been done."""
    applied.write("fbsync.yaml", MANIFEST.replace("https://one.example.com/v1", "https://new.example.com/v1"))
    answer(server, "PUT", Reply(status=first, body=PAGE, processed=True), Reply(**refusal))
    done = applied("apply", "--format", "json", "--retry-timeout", "5")
    assert (done.returncode, outcomes(done)["One"]) == (5, "unknown")
    assert on_server()["One"]["endpoint"] == "https://new.example.com/v1"
    assert (applied.folder / "fbsync.lock.journal").exists()

    server.replies = lambda request: None
    applied.write("fbsync.yaml", MANIFEST)
    assert applied("apply").returncode == 0
    assert on_server()["One"]["endpoint"] == "https://one.example.com/v1"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_creation_carried_out_behind_any_5xx_is_not_sent_again(project, server, on_server, status):
    sent = []

    def once(request):
        if request.method == "POST" and request.body.get("name") == "One":
            sent.append(request)
            return Reply(status=status, body={"success": False, "message": "busy"}, processed=True)
        return None

    server.replies = once
    done = project("apply")
    assert (done.returncode, len(sent)) == (0, 1), done.stdout
    assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}
    assert not (project.folder / "fbsync.lock.journal").exists()


@pytest.mark.parametrize(
    "reply",
    [{"status": 204, "body": b""}, {"status": 200, "body": b""}, {"status": 202, "body": {"success": True}}],
    ids=str,
)
def test_an_empty_answer_to_a_change_and_to_a_deletion_is_success(applied, server, on_server, reply):
    applied.write("fbsync.yaml", MANIFEST.partition("  - name: Two")[0].replace("one.example.com", "uno.example.com"))
    server.replies = lambda request: Reply(**reply, processed=True) if request.writes else None
    done = applied("apply", "--prune", "--yes", "--max-deletes", "1", "--format", "json")
    assert (done.returncode, set(outcomes(done).values())) == (0, {"updated", "deleted"}), done.stdout
    assert sorted(request.method for request in server.writes) == ["DELETE", "PUT"]
    assert set(on_server()) == {"One"}


NOT_DELETED = [
    pytest.param({"status": 404, "body": PAGE}, id="404-page"),
    pytest.param({"status": 404, "body": {"message": "no Route matched with those values"}}, id="404-gateway"),
    pytest.param({"status": 200, "body": PAGE}, id="200-page"),
    pytest.param({"status": 200, "body": {"error": "upstream"}}, id="200-error"),
]


@pytest.mark.parametrize("reply", NOT_DELETED)
def test_a_proxy_s_answer_to_a_deletion_is_not_taken_for_one(applied, server, on_server, reply):
    applied.write("fbsync.yaml", MANIFEST.partition("  - name: Two")[0])
    server.replies = lambda request: Reply(**reply) if request.method == "DELETE" else None
    done = applied("apply", "--prune", "--yes", "--max-deletes", "1", "--format", "json", "--retry-timeout", "0")
    assert (done.returncode, outcomes(done)["Two"]) == (5, "unknown")
    assert set(on_server()) == {"One", "Two"}
    server.replies = lambda request: None
    assert applied("apply", "--prune", "--yes", "--max-deletes", "1").returncode == 0
    assert set(on_server()) == {"One"}
    assert [llm["name"] for llm in applied.lockfile["llms"]] == ["One"]


def test_a_deletion_of_what_the_server_says_is_gone_is_done(applied, server, on_server):
    applied.write("fbsync.yaml", MANIFEST.partition("  - name: Two")[0])
    gone = Reply(status=404, body={"success": False, "message": "AI LLM not found"}, processed=True)
    answer(server, "DELETE", gone)
    done = applied("apply", "--prune", "--yes", "--max-deletes", "1", "--format", "json")
    assert (done.returncode, outcomes(done)["Two"]) == (0, "deleted")


@pytest.mark.parametrize("value", ["²", "Thu, 01 Jan 99999999999999999999 00:00:00 GMT", "-1", "1" * 400])
def test_an_odd_time_to_wait_crashes_nothing(project, server, on_server, value):
    busy = iter([Reply(status=429, body={"success": False}, headers={"Retry-After": value.encode().decode("latin-1")})])
    server.replies = lambda request: next(busy, None) if request.writes else None
    done = project("apply", "--retry-timeout", "3")
    assert done.returncode in (0, 5)
    assert "fbsync itself failed" not in done.stdout + done.stderr


class TestSigningIn:
    @pytest.fixture
    def by_password(self, project, sandbox):
        means = {"FLASHBACK_EMAIL": sandbox.admin.email, "FLASHBACK_PASSWORD": sandbox.admin.password}
        project.environment = {**project.environment, "FLASHBACK_TOKEN": None, **means}
        return project

    @pytest.mark.parametrize(
        "reply", [{"status": 503, "body": b""}, {"status": 429, "body": {"success": False}}, {"drop": True}], ids=str
    )
    def test_it_is_tried_again_like_any_call(self, by_password, server, on_server, reply):
        busy = iter([Reply(**reply)] * 2)
        server.replies = lambda request: next(busy, None) if request.path == "/user/login" else None
        done = by_password("apply", "-v")
        assert done.returncode == 0, done.stderr
        assert set(on_server()) == {"One", "Two"}
        assert [request.path for request in server.requests].count("/user/login") == 3

    def test_a_session_that_was_opened_is_closed(self, by_password, server):
        assert by_password("plan", "--refresh").returncode == 0
        assert server.requests[-1].path == "/user/logout"
        assert server.requests[-1].body["refresh_token"] == server.requests[-1].body["refreshToken"]

    def test_a_token_that_was_brought_stays_good(self, project, server):
        assert project("apply").returncode == 0
        assert "/user/logout" not in [request.path for request in server.requests]

    @pytest.mark.parametrize(
        ("reply", "words"),
        [
            ({"status": 403, "body": {"success": False, "message": "MFA verification required"}}, "second factor"),
            ({"body": {"success": True, "verificationTokenId": "v-1"}}, "not verified yet"),
            ({"body": {"success": False, "verificationTokenId": "v-1"}}, "open the link in the sign-up email"),
            ({"status": 401, "body": {"success": False, "error_code": "INVALID_PASSWORD"}}, "check FLASHBACK_PASSWORD"),
            ({"status": 401, "body": {"success": False, "error_code": "USER_NOT_FOUND"}}, "check FLASHBACK_EMAIL:"),
            ({"status": 401, "body": {"success": False, "error_code": "USER_INACTIVE"}}, "FLASHBACK_EMAIL is inactive"),
            ({"status": 401, "body": {"success": False, "error_code": "NO_PASSWORD_SET"}}, "has no password"),
            ({"status": 401, "body": {"success": False, "error_code": ["odd"]}}, "FLASHBACK_EMAIL and FLASHBACK_PASS"),
            ({"status": 404, "body": PAGE}, "FLASHBACK_API_URL to the API's own address"),
        ],
    )
    def test_what_stands_in_the_way_is_said(self, by_password, server, reply, words):
        server.replies = lambda request: Reply(**reply) if request.path == "/user/login" else None
        done = by_password("plan", "--refresh")
        assert done.returncode == 4
        assert words in done.stderr
        assert [request.path for request in server.requests].count("/user/login") == 1

    def test_a_login_may_be_answered_as_created(self, by_password, server, sandbox):
        body = {"success": True, "accessToken": sandbox.token, "refreshToken": "made-up"}
        server.replies = lambda request: Reply(status=201, body=body) if request.path == "/user/login" else None
        assert by_password("apply").returncode == 0
