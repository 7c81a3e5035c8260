"""Every failure of a request: the entry, the server's message, what to do, and the exit code."""

import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import trustme
from cli_world import MANIFEST, SHARED_WORKSPACES
from recorder import Reply
from selection import few_of

from fbsync.schema.validate import Kind, validate


def entries(done):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return {entry["name"]: entry for entry in document["entries"]}


def answer_one(server, **reply):
    """Answer every creation of "One" instead of the sandbox."""
    server.replies = lambda request: Reply(**reply) if request.body.get("name") == "One" else None


SAID = {"success": False, "message": "the provider is\x1b[2J not\nallowed here"}

REJECTED = [
    pytest.param({"status": 200, "body": SAID}, "answered 200", "fix the entry", id="200-success-false"),
    pytest.param({"status": 400, "body": SAID}, "answered 400", "fix the entry", id="400"),
    pytest.param({"status": 403, "body": SAID}, "answered 403", "ask for a role", id="403"),
    pytest.param({"status": 404, "body": SAID}, "answered 404", "check the API URL and the workspaceId", id="404"),
    pytest.param({"status": 409, "body": SAID}, "answered 409", "run `fbsync plan --refresh` later", id="409"),
    pytest.param({"status": 422, "body": SAID}, "answered 422", "fix the entry", id="422"),
    pytest.param({"status": 429, "body": SAID}, "answered 429", "wait", id="429"),
]


@pytest.mark.parametrize(("reply", "what", "remedy"), REJECTED)
def test_what_the_server_refuses_fails_that_entry_alone(project, server, on_server, reply, what, remedy):
    answer_one(server, **reply)
    done = project("apply", "--retry-timeout", "0")
    assert done.returncode == 5
    assert "One: failed" in done.stdout
    assert what in done.stdout
    assert "the provider is [2J not allowed here" in done.stdout
    assert f"fix: {remedy}" in done.stdout
    assert "Apply incomplete! Resources: 1 added, 0 changed, 0 destroyed. 1 failed." in done.stdout
    assert set(on_server()) == {"Two"}
    assert not (project.folder / "fbsync.lock.journal").exists()


UNKNOWN = [
    pytest.param({"status": 503, "body": SAID}, "answered 503: the provider is", id="503"),
    pytest.param({"status": 599, "body": SAID}, "answered 599: the provider is", id="599"),
    pytest.param({"status": 500, "body": SAID}, "answered 500: the provider is", id="500"),
    pytest.param(
        {"status": 502, "body": b"<html>bad gateway</html>"}, "the answer is not JSON from the API", id="502-html"
    ),
    pytest.param({"status": 504, "body": b""}, "the answer is not JSON from the API", id="504-empty"),
    pytest.param({"status": 200, "body": b"<html>hello</html>"}, "the answer is not JSON from the API", id="200-html"),
    pytest.param({"status": 200, "body": b'{"success": tr'}, "the answer is not JSON from the API", id="200-torn"),
    pytest.param({"status": 200, "body": [1]}, "the answer is not JSON from the API", id="200-other-json"),
    pytest.param(
        {"status": 403, "body": b"<html>blocked</html>"}, "the answer is not JSON from the API", id="403-html"
    ),
    pytest.param(
        {"status": 404, "body": b"<html>no route</html>"}, "the answer is not JSON from the API", id="404-html"
    ),
    pytest.param({"status": 201, "body": b""}, "the answer is not JSON from the API", id="201-empty"),
    pytest.param({"status": 200, "body": {"error": "upstream"}}, "answered 200: upstream", id="200-error"),
    pytest.param({"status": 200, "body": {"success": "no"}}, "the answer is not as documented", id="200-odd-success"),
    pytest.param({"drop": True}, "closed the connection", id="drop"),
]


PROCESSED = pytest.mark.parametrize("processed", [False, True], ids=["not-processed", "processed"])


@PROCESSED
@pytest.mark.parametrize(("reply", "what"), few_of(UNKNOWN, "503", "502-html", "200-torn", "200-error", "drop"))
def test_an_outcome_that_is_not_known_is_found_out_in_the_same_run(project, server, on_server, reply, what, processed):
    """fbsync does not just repeat the request: it lists first, then adopts the configuration or sends again."""
    creations = []

    def fail_the_first(request):
        if request.method == "POST" and request.body.get("name") == "One":
            creations.append(request)
            return Reply(**reply, processed=processed) if len(creations) == 1 else None
        return None

    server.replies = fail_the_first
    done = project("apply", "--format", "json")
    assert done.returncode == 0, done.stdout
    assert {entry["outcome"] for entry in entries(done).values()} == {"created"}
    assert len(creations) == (1 if processed else 2)
    puts = [request for request in server.writes if request.method == "PUT"]
    assert [request.body["secret"] for request in puts] == ([project.credentials["SECRET_ONE"]] if processed else [])
    assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}
    assert not (project.folder / "fbsync.lock.journal").exists()
    writes = len(server.writes)
    assert project("apply").returncode == 0
    assert len(server.writes) == writes


@PROCESSED
@pytest.mark.parametrize(("reply", "what"), few_of(UNKNOWN, "503", "502-html", "200-torn", "200-error", "drop"))
def test_an_outcome_that_cannot_be_found_out_is_left_to_the_next_run(
    project, server, on_server, reply, what, processed
):
    def fail_and_list_no_more(request):
        if request.body.get("name") == "One":
            return Reply(**reply, processed=processed)
        return Reply(status=500, body=SAID) if request.method == "GET" and server.writes else None

    server.replies = fail_and_list_no_more
    done = project("apply", "--format", "json", "--retry-timeout", "0")
    assert done.returncode == 5
    one = entries(done)["One"]
    assert one["outcome"] == "unknown"
    assert what in one["error"]["message"]
    assert "run `fbsync apply` again" in one["error"]["hint"]
    assert one["error"]["retryable"] is True
    assert sum(request.body.get("name") == "One" for request in server.writes) == 1
    assert (project.folder / "fbsync.lock.journal").exists()

    server.replies = lambda request: None
    planned = project("plan")
    assert "1 unconfirmed request" in planned.stdout
    again = project("apply")
    assert again.returncode == 0, again.stderr
    assert set(on_server()) == {"One", "Two"}
    assert server.writes[-1].body["secret"] == project.credentials["SECRET_ONE"]
    assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}
    assert not (project.folder / "fbsync.lock.journal").exists()
    writes = len(server.writes)
    assert project("apply").returncode == 0
    assert len(server.writes) == writes


ODD_SUCCESSES = [
    pytest.param({"success": True}, id="no-id"),
    pytest.param({"success": True, "aiLlmId": ".."}, id="dots"),
    pytest.param({"success": True, "aiLlmId": True}, id="boolean"),
    pytest.param({"success": True, "aiLlmId": "\ud800"}, id="surrogate"),
    pytest.param({"success": True, "aiLlmId": {"id": "x"}}, id="object"),
    pytest.param({}, id="empty-object"),
]


@pytest.mark.parametrize("status", few_of([200, 201, 202], 200))
@pytest.mark.parametrize("body", ODD_SUCCESSES)
def test_a_creation_that_was_confirmed_is_never_sent_again(project, server, on_server, body, status):
    def confirm(request):
        return Reply(status=status, body=body, processed=True) if request.body.get("name") == "One" else None

    server.replies = confirm
    assert project("apply").returncode == 0
    assert [request.method for request in server.writes] == ["POST", "POST"]
    assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}


def test_a_creation_that_was_confirmed_and_is_not_listed_stays_open(project, server):
    server.replies = lambda request: Reply(body={"success": True}) if request.body.get("name") == "One" else None
    done = project("apply", "--format", "json")
    one = entries(done)["One"]
    assert (done.returncode, one["outcome"]) == (5, "unknown")
    assert "confirmed the creation but returned no id" in one["error"]["message"]
    assert sum(request.body.get("name") == "One" for request in server.writes) == 1
    assert (project.folder / "fbsync.lock.journal").exists()


def test_an_id_that_is_a_number_is_an_id(project, server):
    def number(request):
        return Reply(body={"success": True, "aiLlmId": 12}, status=201) if request.body.get("name") == "One" else None

    server.replies = number
    assert project("apply").returncode == 0
    assert next(llm["id"] for llm in project.lockfile["llms"] if llm["name"] == "One") == "12"


def test_a_time_out_is_an_unknown_outcome(project, server, on_server):
    first = iter([Reply(processed=True, delay=3, body={})])
    server.replies = lambda request: next(first, None) if request.body.get("name") == "One" else None
    done = project("apply", "--timeout", "1", "--format", "json", "-v")
    assert done.returncode == 0
    assert "POST /ai/llm: no answer" in done.stderr
    assert sum(request.method == "POST" for request in server.writes) == 2
    assert set(on_server()) == {"One", "Two"}


def test_what_a_rival_made_meanwhile_is_not_taken(project, server, on_server, sandbox, workspace):
    """Two machines have copies of one lockfile: the server accepts a name only once, and the other run reports that."""
    import plain_http

    def rival_is_first(request):
        if request.method == "POST" and request.body.get("name") == "One":
            rival = {**request.body, "endpoint": "https://rival.example.com", "secret": "made-up-by-the-rival"}
            plain_http.post(f"{sandbox.url}/ai/llm", json=rival, headers={"Authorization": f"Bearer {sandbox.token}"})

    server.replies = rival_is_first
    done = project("apply")
    assert done.returncode == 5
    assert f"somebody else created or changed it in the meantime (id {on_server()['One']['id']})" in done.stdout
    assert "--adopt" in done.stdout
    assert on_server()["One"]["endpoint"] == "https://rival.example.com"
    assert [llm["name"] for llm in project.lockfile["llms"]] == ["Two"]


@pytest.mark.parametrize("status", [404, 405])
def test_a_server_without_the_listing_is_coped_with_and_said_so(project, server, on_server, status):
    server.replies = lambda request: Reply(status=status, body=SAID) if request.method == "GET" else None
    done = project("apply")
    assert done.returncode == 0, done.stderr
    assert "The server would not list workspace" in done.stderr
    assert "the server, which would not list workspace ws-test-" in done.stdout
    assert set(on_server()) == {"One", "Two"}
    assert project("apply").returncode == 0
    assert len(server.writes) == 2


PAGE = Reply(status=404, body=b"<html>Not here</html>", headers={"Content-Type": "text/html"})


class TestPageInPlaceOfAList:
    """The page may come from a proxy, so it does not show that the server has no list."""

    def test_is_an_error_where_the_server_lists_another_workspace(self, project, server, workspace):
        project.write("fbsync.yaml", f"{MANIFEST}    workspaceId: {SHARED_WORKSPACES[7]}\n")
        server.replies = lambda request: PAGE if request.path.endswith(f"workspaceId={workspace}") else None
        for command in (["apply"], ["plan", "--refresh"], ["drift"]):
            done = project(*command)
            assert done.returncode == 1
            assert "answered 404: the answer is not JSON from the API, perhaps a proxy's page" in done.stderr
            assert "no proxy answers instead" in done.stderr
        assert server.writes == []

    def test_is_an_error_where_the_server_has_listed_a_mask(self, project, server):
        assert project("apply").returncode == 0
        assert project("apply").returncode == 0
        assert project.lockfile["keysMasked"]
        server.replies = lambda request: PAGE if request.method == "GET" else None
        assert project("apply").returncode == 1
        assert project("apply", "--no-refresh").returncode == 0

    def test_means_that_there_is_none_where_nothing_shows_otherwise(self, project, server, on_server):
        server.replies = lambda request: PAGE if request.method == "GET" else None
        done = project("apply")
        assert done.returncode == 0
        assert "The server would not list workspace" in done.stderr
        assert set(on_server()) == {"One", "Two"}

    def test_is_told_from_the_servers_refusal_of_one_workspace(self, project, server, workspace):
        project.write("fbsync.yaml", f"{MANIFEST}    workspaceId: {SHARED_WORKSPACES[7]}\n")
        refusal = Reply(status=404, body=SAID)
        server.replies = lambda request: refusal if request.path.endswith(f"workspaceId={workspace}") else None
        done = project("plan", "--refresh")
        assert done.returncode == 0
        assert f"The server would not list workspace {workspace}." in done.stderr


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("command", [["apply"], ["plan", "--refresh"], ["drift"]])
def test_not_being_allowed_to_list_ends_with_the_servers_reason(project, server, on_server, command, status):
    server.replies = lambda request: Reply(status=status, body=SAID) if request.method == "GET" else None
    done = project(*command)
    assert done.returncode == 4
    assert f"answered {status}" in done.stderr
    assert on_server() == {}


def test_without_the_listing_an_unknown_creation_is_never_sent_again(project, server, on_server):
    def fail(request):
        if request.method == "GET":
            return Reply(status=404, body=SAID)
        return Reply(drop=True, processed=True) if request.body.get("name") == "One" else None

    server.replies = fail
    assert project("apply", "--retry-timeout", "0").returncode == 5
    again = project("apply", "--retry-timeout", "0")
    assert again.returncode == 5
    assert "an earlier run may have created it" in again.stdout
    assert sum(request.body.get("name") == "One" for request in server.writes) == 1
    server.replies = lambda request: None
    assert project("apply").returncode == 0
    assert set(on_server()) == {"One", "Two"}


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}])
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_tried_again(project, server, on_server, status, headers):
    busy = iter([Reply(status=status, body=SAID, headers=headers)] * 3)
    server.replies = lambda request: next(busy, None) if request.writes else None
    done = project("apply", "-v")
    assert done.returncode == 0, done.stdout
    assert len(server.writes) == 5
    assert set(on_server()) == {"One", "Two"}


def test_a_token_that_is_refused_stops_the_run(project, server):
    refused = Reply(status=401, body={"success": False, "message": "no such token"})
    server.replies = lambda request: refused if request.writes else None
    done = project("apply", "--format", "json", "--parallelism", "1")
    assert done.returncode == 4
    assert [entry["outcome"] for entry in entries(done).values()] == ["failed", "not_attempted"]
    assert "set a fresh FLASHBACK_TOKEN" in entries(done)["One"]["error"]["hint"]
    assert len(server.writes) == 1


ROW = {"id": "x", "name": "X", "workspaceId": "ws", "aiType": "OPENAI", "endpoint": "https://x.example.com"}

BAD_LISTS = [
    pytest.param({"success": True}, "it has no list", id="no-list"),
    pytest.param({"success": True, "aiLlms": {}}, "it has no list", id="object"),
    pytest.param(
        {"success": True, "data": {"aiLlms": []}}, "{success: boolean, data: {aiLlms: empty list}}", id="nested"
    ),
    pytest.param(b"<html>", "the answer is not JSON from the API", id="page"),
    pytest.param([ROW], "list of 1 objects", id="bare-list"),
    pytest.param({"aiLlms": [ROW, "x"]}, "one row is not as documented (string)", id="row-no-object"),
    pytest.param({"aiLlms": [{**ROW, "id": None}]}, "one row is not as documented", id="row-without-id"),
    pytest.param({"aiLlms": [{**ROW, "name": ""}]}, "one row is not as documented", id="row-without-name"),
    pytest.param({"aiLlms": [{**ROW, "endpoint": 7}]}, "one row is not as documented", id="row-of-another-type"),
    pytest.param({"aiLlms": [ROW], "total": 2}, "counts 2", id="total"),
    pytest.param({"aiLlms": [ROW], "hasMore": True}, "there are more", id="has-more"),
    pytest.param({"aiLlms": [ROW], "meta": {"pagination": {"next_cursor": "c"}}}, "there are more", id="nested-cursor"),
]


@pytest.mark.parametrize(("body", "what"), few_of(BAD_LISTS, "no-list", "page", "row-without-id", "total"))
def test_a_list_that_is_not_whole_is_an_error_at_once(project, server, body, what):
    server.replies = lambda request: Reply(body=body) if request.method == "GET" else None
    for command in (("apply",), ("plan", "--refresh"), ("drift",)):
        server.requests.clear()
        done = project(*command)
        assert done.returncode == 1
        assert what in done.stderr
        assert [request.method for request in server.requests if request.path.startswith("/ai/llm")] == ["GET"]


def test_a_link_to_a_next_page_is_a_sign_of_more(project, server):
    headers = {"Link": '<https://api.example.com/ai/llm?page=2>; title="x"; rel="last next"'}
    server.replies = lambda request: Reply(body={"aiLlms": []}, headers=headers) if request.method == "GET" else None
    done = project("drift")
    assert done.returncode == 1
    assert "next page" in done.stderr


def test_a_message_that_repeats_the_credential_is_withheld(project, server):
    secret = project.credentials["SECRET_ONE"]
    answer_one(server, status=400, body={"success": False, "message": f"bad credential '{secret}'"})
    done = project("apply", "-vv")
    assert done.returncode == 5
    assert "(message withheld: it repeats a credential)" in done.stdout


def test_a_redirect_is_not_followed(project, server):
    server.replies = lambda request: Reply(status=302, body={}, headers={"Location": "http://127.0.0.1:1/"})
    done = project("apply")
    assert done.returncode == 1
    assert "does not follow" in done.stderr


def test_a_refused_connection(project):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    done = project("apply", "--retry-timeout", "1", "--api-url", f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert "refused the connection" in done.stderr
    assert "check that the server is running" in done.stderr


def test_a_host_that_is_not_there(project):
    done = project("apply", "--retry-timeout", "1", "--api-url", "https://no-such-host.invalid")
    assert done.returncode == 1
    assert "https://no-such-host.invalid cannot be reached" in done.stderr


@pytest.fixture
def tls_server(tmp_path_factory):
    """An https server with a certificate of a CA that nobody trusts."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = b'{"success": true, "aiLlms": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Keep quiet."""

    class Server(HTTPServer):
        def handle_error(self, request, client_address):
            """Expect the client to hang up, since it does not trust the certificate."""

    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        bundle = tmp_path_factory.mktemp("ca") / "ca.pem"
        authority.cert_pem.write_to_path(str(bundle))
        yield f"https://127.0.0.1:{server.server_port}", str(bundle)
        server.shutdown()
        thread.join()


def test_a_certificate_that_cannot_be_trusted(project, tls_server):
    done = project("apply", "--api-url", tls_server[0])
    assert done.returncode == 1
    assert "has a TLS certificate that cannot be trusted" in done.stderr
    assert "SSL_CERT_FILE" in done.stderr


def test_a_private_authority_is_trusted_through_the_environment(project, tls_server):
    project.write("fbsync.yaml", "version: 1\nworkspaceId: w\nllms: []\n")
    done = project("apply", "--api-url", tls_server[0], env={"SSL_CERT_FILE": tls_server[1]})
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "reason"), [(None, "No such file or directory"), ("no PEM certificate", "it has no PEM certificate")]
)
def test_authorities_of_the_environment_that_cannot_be_used(project, tls_server, text, reason):
    if text is not None:
        project.write("ca.pem", text)
    done = project("apply", "--api-url", tls_server[0], env={"SSL_CERT_FILE": "ca.pem"})
    assert done.returncode == 3
    assert f"the certificates of SSL_CERT_FILE cannot be used: {reason}" in done.stderr
    # A sandbox on this machine does not use TLS, so it needs no certificates.
    assert project("apply", env={"SSL_CERT_FILE": "ca.pem"}).returncode == 0


def test_something_that_speaks_no_tls(project, server):
    done = project("apply", "--api-url", server.url.replace("http:", "https:"))
    assert done.returncode == 1
    assert "does not answer with TLS" in done.stderr


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(project):
    done = project("apply", env={"HTTP_PROXY": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"})
    assert done.returncode == 0, done.stderr


def test_a_lockfile_that_cannot_be_written_says_what_was_done(project, on_server):
    """Root may run the tests and ignores permissions, so a folder has the journal's name."""
    (project.folder / "fbsync.lock.journal").mkdir()
    done = project("apply")
    assert done.returncode == 3
    assert "the journal" in done.stderr
    assert on_server() == {}
