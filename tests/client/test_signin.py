"""Signing in: one renewal for all, retried like any call, and closed if the run opened the session."""

import asyncio
import json

import pytest
from raw_server import raw_server, whole

from fbsync.client.signin import TokenSource
from fbsync.foreign_text.redactor import WITHHELD, Redactor
from fbsync.model.errors import FbsyncError
from fbsync.model.secret import Secret
from fbsync.model.server_error import Failure, ServerError
from fbsync.settings import Account


def secret(name):
    return Secret(f"canary-{name}", reference=name)


LOGIN = Account(email=secret("email"), password=secret("password"))
REFRESH = Account(refresh_token=secret("refresh"))
EVERYTHING = Account(token=secret("token"), refresh_token=secret("refresh"), email=LOGIN.email, password=LOGIN.password)


def error(failure):
    return ServerError(str(failure), hint="", failure=failure, status=500)


class Posts:
    """Answer each path with its prepared answers, in order."""

    def __init__(self, **answers):
        self.answers = {f"/user/{path}": list(each) for path, each in answers.items()}
        self.sent = []

    async def __call__(self, path, fields, token=None):
        self.sent.append((path, {name: value.reveal() for name, value in fields.items()}, token))
        await asyncio.sleep(0)
        answer = self.answers[path].pop(0)
        if isinstance(answer, FbsyncError):
            raise answer
        return answer

    @property
    def paths(self):
        return [path.removeprefix("/user/") for path, _, _ in self.sent]


def source(account, **answers):
    posts = Posts(**answers)
    return TokenSource(account, post=posts, redactor=Redactor()), posts


@pytest.mark.parametrize(
    ("account", "path", "answer"),
    [
        (LOGIN, "login", {"accessToken": "new", "refreshToken": "next"}),
        (REFRESH, "refresh", {"accessToken": "new"}),
        (REFRESH, "refresh", {"token": "new", "refreshToken": "next"}),
        (LOGIN, "login", {"accessToken": "new", "user": {"id": 7}, "mfaRequired": False}),
    ],
)
def test_a_token_is_got_by_each_means(account, path, answer):
    tokens, posts = source(account, **{path: [answer]})
    assert asyncio.run(tokens.token()).reveal() == "new"
    assert posts.paths == [path]
    assert tokens.user_id == ("7" if "user" in answer else None)


def test_both_names_of_a_refresh_token_are_sent():
    tokens, posts = source(REFRESH, refresh=[{"accessToken": "new"}])
    asyncio.run(tokens.token())
    assert posts.sent[0][1] == {"refresh_token": "canary-refresh", "refreshToken": "canary-refresh"}


def test_what_the_server_gives_may_not_come_back_in_a_message():
    redactor = Redactor()
    posts = Posts(login=[{"accessToken": "canary-access-token", "refreshToken": "canary-refresh-token"}])
    asyncio.run(TokenSource(LOGIN, post=posts, redactor=redactor).token())
    assert redactor.redact("it is canary-access-token") == WITHHELD
    assert redactor.redact("it is canary-refresh-token") == WITHHELD


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"success": True, "verificationTokenId": "v"}, "not verified yet"),
        ({"success": True}, "no access token"),
        ({"accessToken": ""}, "no access token"),
        ({"accessToken": 7}, "no access token"),
        ({"accessToken": "a\r\nb"}, "no access token"),
        ({"accessToken": "ä"}, "no access token"),
    ],
)
def test_an_answer_without_a_token_says_what_is_the_matter(answer, words):
    tokens, _ = source(LOGIN, login=[answer])
    with pytest.raises(FbsyncError, match=words):
        asyncio.run(tokens.token())


def test_a_refresh_token_survives_an_answer_that_did_not_come_and_not_a_refusal():
    tokens, posts = source(
        REFRESH, refresh=[error(Failure.UNKNOWN), error(Failure.THROTTLED), error(Failure.NOT_SIGNED_IN)]
    )
    for _ in range(3):
        with pytest.raises(ServerError):
            asyncio.run(tokens.token())
    assert posts.paths == ["refresh"] * 3
    with pytest.raises(FbsyncError, match="no access token"):
        asyncio.run(tokens.token())


def test_a_refused_refresh_token_makes_way_for_the_password():
    tokens, posts = source(EVERYTHING, refresh=[error(Failure.NOT_SIGNED_IN)], login=[{"accessToken": "new"}])
    assert asyncio.run(tokens.renew(EVERYTHING.token)).reveal() == "new"
    assert posts.paths == ["refresh", "login"]


def test_one_renewal_and_one_failure_are_for_all_who_wait():
    async def renew(tokens, count):
        return await asyncio.gather(*(tokens.renew(LOGIN.token) for _ in range(count)), return_exceptions=True)

    tokens, posts = source(LOGIN, login=[{"accessToken": "new"}])
    assert {token.reveal() for token in asyncio.run(renew(tokens, 5))} == {"new"}
    tokens, posts = source(LOGIN, login=[error(Failure.UNREACHABLE), {"accessToken": "new"}])
    assert {type(failed) for failed in asyncio.run(renew(tokens, 5))} == {ServerError}
    assert posts.paths == ["login"]
    assert asyncio.run(tokens.token()).reveal() == "new"


@pytest.mark.parametrize(
    ("account", "answers", "closed"),
    [
        (LOGIN, {"login": [{"accessToken": "new", "refreshToken": "next"}]}, ["next"]),
        (LOGIN, {"login": [{"accessToken": "new"}]}, []),
        (REFRESH, {"refresh": [{"accessToken": "new", "refreshToken": "next"}]}, []),
        (Account(token=secret("token")), {}, []),
    ],
)
def test_only_a_session_that_the_run_opened_is_closed(account, answers, closed):
    async def run():
        await tokens.token()
        await tokens.close()
        await tokens.close()

    tokens, posts = source(account, logout=[{"success": True}], **answers)
    asyncio.run(run())
    ended = [sent for path, sent, _ in posts.sent if path == "/user/logout"]
    assert ended == [{"refresh_token": token, "refreshToken": token} for token in closed]


def test_the_latest_token_of_a_session_is_the_one_to_close():
    async def run():
        first = await tokens.token()
        await tokens.renew(first)
        await tokens.close()

    tokens, posts = source(
        LOGIN,
        login=[{"accessToken": "one", "refreshToken": "r1"}],
        refresh=[{"accessToken": "two", "refreshToken": "r2"}],
        logout=[{}],
    )
    asyncio.run(run())
    path, sent, token = posts.sent[-1]
    assert (path, sent["refresh_token"], token.reveal()) == ("/user/logout", "r2", "two")


def path_of(line):
    return line.split()[1].partition("?")[0]


def scripted(answers):
    """A script that answers each path in turn and repeats the last answer."""

    async def script(line, headers, body):
        each = answers[path_of(line)]
        yield each.pop(0) if len(each) > 1 else each[0]

    return script


def listed(library, account, answers, *, timeout=5.0):
    """The result of listing with a client, and the requests that the client sent."""

    async def run():
        async with raw_server(scripted(answers)) as server:
            made = library("fbsync.client").Client(server.url, account, timeout=timeout)
            try:
                async with made as client:
                    found = await client.list_llms("ws")
            except ServerError as failed:
                found = failed
            return found, [(path_of(line), headers, body) for line, headers, body in server.requests]

    return asyncio.run(run())


EMPTY = whole({"success": True, "aiLlms": []}, Date="Thu, 01 Jan 2026 00:00:30 GMT")


@pytest.mark.parametrize("logout", [200, 401, 404, 500])
def test_a_client_signs_in_lists_and_signs_out(library, logout):
    login = whole({"success": True, "accessToken": "new", "refreshToken": "next"}, 201)
    answers = {"/user/login": [login], "/ai/llm": [EMPTY], "/user/logout": [whole(b"", logout)]}
    found, requests = listed(library, LOGIN, answers)
    assert (found.llms, found.served_at.year) == ((), 2026)
    assert [path for path, _, _ in requests] == ["/user/login", "/ai/llm", "/user/logout"]
    assert json.loads(requests[2][2]) == {"refresh_token": "next", "refreshToken": "next"}


def test_an_expired_token_is_renewed_once(library):
    answers = {
        "/user/refresh": [whole({"success": True, "accessToken": "new"})],
        "/ai/llm": [whole({"success": False}, 401), EMPTY],
    }
    account = Account(token=secret("old"), refresh_token=secret("refresh"))
    found, requests = listed(library, account, answers)
    assert found.llms == ()
    assert [path for path, _, _ in requests] == ["/ai/llm", "/user/refresh", "/ai/llm"]
    assert requests[-1][1]["authorization"] == "bearer new"


@pytest.mark.parametrize(
    ("status", "body", "failure", "transient"),
    [
        (503, b"", Failure.UNREACHABLE, True),
        (500, b"<html>", Failure.UNREACHABLE, True),
        (429, b"{}", Failure.UNREACHABLE, True),
        (401, {"success": False, "error_code": "INVALID_PASSWORD"}, Failure.NOT_SIGNED_IN, True),
        (200, {"success": False, "message": "no"}, Failure.NOT_SIGNED_IN, True),
        (200, b"<html>", Failure.NOT_SIGNED_IN, False),
        (403, {"success": False, "message": "MFA code required"}, Failure.NOT_SIGNED_IN, True),
    ],
)
def test_a_failure_to_sign_in_is_one_before_the_call(library, status, body, failure, transient):
    found, requests = listed(library, LOGIN, {"/user/login": [whole(body, status, Retry_After="2")]})
    assert (found.failure, found.is_transient, found.retry_after) == (failure, transient, 2.0)
    assert found.status is None
    assert "canary" not in str(found) + found.hint
    assert [path for path, _, _ in requests] == ["/user/login"]
