"""``doctor``: each check alone, with a remedy, and without changes, used-up tokens or shown values."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cli_world import MANIFEST
from recorder import Reply
from tls_world import HOST, behind_tls, proxy

from fbsync.doctor.checks import Health, account, certificate, clock, roles
from fbsync.model.live import Workspace
from fbsync.schema.validate import Kind, validate

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def looked_at(cli, *arguments, env=None):
    done = cli("doctor", "--format", "json", *arguments, env=env)
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return done.returncode, {check["what"]: check for check in document["checks"]}


def healths(checks):
    return {what: check["health"] for what, check in checks.items() if check["health"] != "ok"}


def test_all_is_well(project, server, workspace):
    code, checks = looked_at(project)
    assert (code, healths(checks)) == (0, {})
    assert "as admin@" in checks["signing in"]["detail"]
    assert checks[f"workspace {workspace}"]["detail"] == "your role is ADMIN"
    assert checks["TLS"]["detail"] == "not used: the server is on this machine"
    assert {request.method for request in server.requests} == {"GET"}
    shown = project("doctor")
    assert shown.returncode == 0
    assert shown.stdout.endswith("11 ok\n")


def test_without_a_manifest_the_way_to_the_server_is_looked_at(cli):
    code, checks = looked_at(cli)
    assert (code, healths(checks)) == (0, {"manifest": "warning"})
    assert "fbsync init" in checks["manifest"]["remedy"]
    assert checks["signing in"]["health"] == "ok"


def test_one_problem_does_not_hide_another(project, server):
    project.write("fbsync.yaml", "version: 1\nworkspaceId: w\nllms: [{}]\n")
    server.replies = lambda request: Reply(status=401, body={"success": False}) if "user" in request.path else None
    code, checks = looked_at(project)
    assert code == 3
    assert healths(checks) == {
        "manifest": "problem",
        "signing in": "problem",
        **dict.fromkeys(("workspaces", "list"), "not_checked"),
    }
    assert "fbsync validate" in checks["manifest"]["remedy"]


def test_a_token_that_is_refused(project, server):
    server.replies = lambda request: Reply(status=401, body={"success": False}) if "user" in request.path else None
    code, checks = looked_at(project)
    assert code == 4
    assert "FLASHBACK_TOKEN" in checks["signing in"]["remedy"]
    other = {"FLASHBACK_REFRESH_TOKEN": "canary-refresh"}
    code, checks = looked_at(project, env=other)
    assert (code, checks["signing in"]["health"]) == (0, "warning")
    assert "a run would renew it" in checks["signing in"]["detail"]


def test_a_refresh_token_is_not_spent(project, server):
    means = {"FLASHBACK_TOKEN": None, "FLASHBACK_REFRESH_TOKEN": "canary-refresh"}
    code, checks = looked_at(project, env=means)
    assert (code, checks["signing in"]["health"]) == (0, "not_checked")
    assert [request.path for request in server.requests] == ["/health"]


def test_email_and_password_are_tried(project, server, sandbox):
    means = {"FLASHBACK_EMAIL": sandbox.admin.email, "FLASHBACK_PASSWORD": sandbox.admin.password}
    code, checks = looked_at(project, env={"FLASHBACK_TOKEN": None, **means})
    assert (code, checks["signing in"]["health"]) == (0, "ok")
    assert "with FLASHBACK_EMAIL and FLASHBACK_PASSWORD, as its account" in checks["signing in"]["detail"]
    means["FLASHBACK_PASSWORD"] = "canary-wrong"
    code, checks = looked_at(project, env={"FLASHBACK_TOKEN": None, **means})
    assert code == 4
    assert "INVALID_PASSWORD" in checks["signing in"]["detail"]


def test_no_means_at_all(project):
    code, checks = looked_at(project, env={"FLASHBACK_TOKEN": None})
    assert (code, checks["signing in"]["health"]) == (4, "problem")
    assert checks["workspaces"]["health"] == "not_checked"


def test_a_token_that_says_until_when(project, server):
    def jwt(**claims):
        return "x." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".x"

    server.replies = lambda request: (
        Reply(body={"success": True, "data": {"email": "me@example.com"}}) if "user" in request.path else None
    )
    later, earlier = datetime.now(UTC) + timedelta(minutes=50), datetime.now(UTC) - timedelta(minutes=5)
    for token, words in (
        (jwt(exp=later.timestamp()), "the token is valid for 49 minutes"),
        (jwt(exp=earlier.timestamp()), "the token has expired"),
        (jwt(exp="soon"), "token expiry unknown"),
        ("a.b.c", "token expiry unknown"),
    ):
        _, checks = looked_at(project, env={"FLASHBACK_TOKEN": token})
        assert words in checks["signing in"]["detail"]


def test_a_workspace_that_is_not_ours(project):
    project.write("fbsync.yaml", MANIFEST.replace("$FLASHBACK_WORKSPACE_ID", "ws-no"))
    code, checks = looked_at(project)
    assert (code, checks["workspace ws-no"]["health"]) == (4, "problem")


def test_variables_and_leftovers(project, server):
    server.replies = lambda request: Reply(status=404) if request.method == "GET" else Reply(status=502)
    assert project("apply").returncode == 5
    server.replies = lambda request: None
    code, checks = looked_at(project, env={"SECRET_ONE": None})
    assert (code, healths(checks)) == (0, {"variables": "warning", "journal": "warning"})
    assert "SECRET_ONE" in checks["variables"]["detail"]
    assert "fbsync apply" in checks["journal"]["remedy"]


@pytest.mark.parametrize(
    ("reply", "code", "health", "words"),
    [
        ({"status": 403, "body": {"success": False, "message": "not for you"}}, 4, "problem", "not for you"),
        ({"status": 404, "body": {"success": False}}, 0, "warning", "cannot list"),
        ({"body": {"success": True, "aiLlms": [], "total": 3}}, 1, "problem", "is incomplete"),
        ({"status": 500, "body": b""}, 1, "problem", "500"),
    ],
)
def test_whether_the_list_answers(project, server, reply, code, health, words):
    server.replies = lambda request: Reply(**reply) if request.path.startswith("/ai/llm") else None
    status, checks = looked_at(project)
    assert (status, healths(checks)) == (code, {"list": health})
    assert words in checks["list"]["detail"]


def test_a_proxy_that_cannot_be_used_is_named(project):
    env = {"ALL_PROXY": "ftp://127.0.0.1:9", "FLASHBACK_API_URL": "https://api.example.com"}
    code, checks = looked_at(project, env=env)
    assert (code, checks["proxy"]["health"]) == (3, "problem")
    assert "the proxy in $ALL_PROXY cannot be used" in checks["proxy"]["detail"]


def test_a_server_that_is_none(project, server):
    code, checks = looked_at(project, "--api-url", "http://127.0.0.1:9")
    assert code == 1
    skipped = dict.fromkeys(("signing in", "workspaces", "list"), "not_checked")
    assert healths(checks) == {"server": "problem"} | skipped
    server.replies = lambda request: Reply(status=200, body="<html>")
    _, checks = looked_at(project)
    assert "not like a healthy Flashback API" in checks["server"]["detail"]


def test_a_damaged_lockfile(project):
    project.write("fbsync.lock", "<<<<<<< ours\n")
    code, checks = looked_at(project)
    assert (code, checks["files"]["health"]) == (3, "problem")
    assert checks["signing in"]["health"] == "ok"


class TestTheWay:
    """A real proxy, and a private authority."""

    @pytest.fixture
    def authority(self):
        return trustme.CA()

    @pytest.fixture
    def ca_file(self, authority, tmp_path):
        path = tmp_path / "ca.pem"
        authority.cert_pem.write_to_path(str(path))
        return str(path)

    @pytest.fixture
    def through(self, cli, server, authority):
        """Run a command over the proxy, to a server whose certificate is the test's."""

        def run(certificate, command, *arguments, user="", credentials=None, **env):
            with behind_tls(server.url, certificate) as port, proxy(port, credentials=credentials) as (at, asked):
                variables = {"HTTPS_PROXY": f"http://{user}127.0.0.1:{at}", "FLASHBACK_API_URL": f"https://{HOST}"}
                done = cli(*command.split(), *arguments, env={**variables, **env})
                return done, asked

        return run

    def test_everything_works_with_a_ca_file(self, project, through, authority, ca_file, on_server):
        done, asked = through(authority.issue_cert(HOST), "apply", "--ca-file", ca_file)
        assert done.returncode == 0, done.stderr
        assert set(on_server()) == {"One", "Two"}
        assert set(asked) == {f"{HOST}:443"}
        done, _ = through(authority.issue_cert(HOST), "doctor", "--ca-file", ca_file)
        assert done.returncode == 0, done.stdout
        assert "the certificate is trusted and valid for" in done.stdout
        assert "proxy: http://127.0.0.1:" in done.stdout

    def test_and_with_the_environment(self, project, through, authority, ca_file):
        done, _ = through(authority.issue_cert(HOST), "doctor", SSL_CERT_FILE=ca_file)
        assert done.returncode == 0, done.stdout

    def test_an_authority_that_nobody_knows(self, project, through, authority):
        done, _ = through(authority.issue_cert(HOST), "doctor")
        assert done.returncode == 1
        assert "TLS certificate that cannot be trusted: unable to get local issuer" in done.stdout
        assert "--ca-file or SSL_CERT_FILE" in done.stdout

    def test_a_certificate_for_another_host(self, project, through, authority, ca_file):
        done, _ = through(authority.issue_cert("other.fbsync.test"), "doctor", "--ca-file", ca_file)
        assert done.returncode == 1
        assert "the certificate is for another one" in done.stdout

    def test_a_certificate_that_has_expired(self, project, through, authority, ca_file):
        old = authority.issue_cert(HOST, not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1))
        done, _ = through(old, "doctor", "--ca-file", ca_file)
        assert "certificate has expired" in done.stdout
        assert "the server needs a new certificate" in done.stdout

    def test_a_proxy_with_a_password_which_is_not_shown(self, project, through, authority, ca_file):
        certificate = authority.issue_cert(HOST)
        ca = ("--ca-file", ca_file)
        refused, _ = through(certificate, "doctor", *ca, credentials="me:canary-proxy")
        assert "it requires a user name and a password" in refused.stdout
        done, _ = through(certificate, "doctor", *ca, user="me:canary-proxy@", credentials="me:canary-proxy")
        assert done.returncode == 0, done.stdout
        assert "canary" not in done.stdout + done.stderr

    def test_no_proxy(self, project, through, authority, ca_file):
        done, asked = through(authority.issue_cert(HOST), "doctor", "--ca-file", ca_file, NO_PROXY=HOST)
        assert asked == []
        assert "proxy: none" in done.stdout
        assert "the host name is unknown" in done.stdout

    def test_a_ca_file_that_is_none(self, project):
        for name, words in (("absent.pem", "No such file"), ("fbsync.yaml", "it has no PEM certificate")):
            done = project("plan", "--refresh", "--ca-file", name)
            assert done.returncode == 3
            assert words in done.stderr


class TestChecks:
    def test_clock(self):
        assert clock(NOW, NOW + timedelta(seconds=80)).health is Health.OK
        ahead = clock(NOW, NOW + timedelta(minutes=10))
        assert ahead.health is Health.WARNING
        assert ahead.detail == "this machine's clock is 10 minutes ahead of the server's"
        assert "3 days behind" in clock(NOW, NOW - timedelta(days=3)).detail
        assert clock(None, NOW).health is Health.NOT_CHECKED

    def test_certificate(self):
        assert certificate(NOW + timedelta(days=40), NOW, in_clear=False).health is Health.OK
        soon = certificate(NOW + timedelta(days=3), NOW, in_clear=False)
        assert (soon.health, soon.detail) == (Health.WARNING, "the certificate is trusted and valid for 3 days")
        assert certificate(None, NOW, in_clear=True).health is Health.WARNING

    def test_roles(self):
        listed = [
            Workspace(id="1", name="A", role="READ"),
            Workspace(id="2", name="B"),
            Workspace(id="3", name="B", role="ADMIN"),
            Workspace(id="4", name="D", role="\x1b[31m made up"),
        ]
        wanted = [("1", False), ("A", True), ("2", False), ("B", True), ("C", True), ("3", False), ("D", True)]
        found = list(roles(listed, wanted))
        assert [check.health for check in found] == [
            *(Health.WARNING, Health.WARNING, Health.OK, Health.PROBLEM, Health.PROBLEM, Health.OK, Health.OK),
        ]
        assert "ids 2, 3" in found[3].detail
        assert "ADMIN" in found[5].detail
        assert "made up" not in found[6].detail

    @pytest.mark.parametrize(
        ("profile", "health", "words"),
        [
            ({}, Health.OK, "as me"),
            ({"validated": True, "mfaRequired": False}, Health.OK, "as me"),
            ({"validated": False, "mfaRequired": True}, Health.WARNING, "not verified"),
            ({"mfaRequired": True}, Health.WARNING, "second factor"),
            ({"mfaRequired": "no", "validated": None}, Health.OK, "as me"),
        ],
    )
    def test_account(self, profile, health, words):
        check = account("as me", profile)
        assert (check.health, words in check.detail) == (health, True)
