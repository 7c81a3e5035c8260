"""The main job, end to end, against the real sandbox over HTTP."""

import json
import shutil
import signal

import plain_http
import pytest
from at_a_terminal import at_a_terminal
from cli_world import MANIFEST, QUICKSTART
from recorder import Reply
from selection import few_of

from fbsync.schema.validate import Kind, validate

pytestmark = pytest.mark.usefixtures("scrypt")


def result(done):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return document


def test_the_quickstart_creates_six_and_then_nothing(cli, server, sandbox, workspace, on_server):
    shutil.copytree(QUICKSTART, cli.folder, dirs_exist_ok=True)
    manifest = cli.folder / "fbsync.yaml"
    [key] = json.loads((QUICKSTART / "stored-keys.json").read_text())["apiKeys"]
    new = {field: value for field, value in key.items() if field != "id"} | {"workspaceId": workspace}
    headers = {"Authorization": f"Bearer {sandbox.token}"}
    stored = plain_http.post(f"{sandbox.url}/apikeys", json=new, headers=headers).json()["apiKeyId"]
    manifest.write_text(manifest.read_text().replace("ws-sandbox", workspace).replace(key["id"], stored))
    cli.secret_files = {"made-up.env"}
    for line in (cli.folder / "made-up.env").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            cli.credential(*line.split("=", 1))

    first = cli("apply", "--env-file", "made-up.env", "-vv")
    assert first.returncode == 0, first.stderr
    assert first.stdout.endswith("Apply complete! Resources: 6 added, 0 changed, 0 destroyed.\n")
    assert [request.method for request in server.writes] == ["POST"] * 6
    assert len(on_server()) == 6
    assert {row["aiType"] for row in on_server().values()} == {"OPENAI", "GOOGLE", "ANTHROPIC", "AWS", "OTHER"}

    second = cli("apply", "--env-file", "made-up.env", "-vv")
    assert second.returncode == 0
    assert "0 added, 0 changed, 0 destroyed. 6 unchanged." in second.stdout
    assert len(server.writes) == 6


def test_a_changed_entry_is_one_request_with_only_the_changed_fields(project, server, on_server):
    project("apply")
    before = (project.folder / "fbsync.lock").read_text()
    project.write("fbsync.yaml", MANIFEST.replace("one.example.com/v1", "one.example.com/v2"))
    done = project("apply")
    assert done.returncode == 0, done.stderr
    put = server.writes[-1]
    assert len(server.writes) == 3
    assert (put.method, put.path, put.body) == (
        "PUT",
        f"/ai/llm/{on_server()['One']['id']}",
        {"endpoint": "https://one.example.com/v2"},
    )
    assert on_server()["One"]["endpoint"] == "https://one.example.com/v2"
    changed = set((project.folder / "fbsync.lock").read_text().splitlines()) - set(before.splitlines())
    # The mask of a key is learned from the first list after it was sent.
    learned = {line for line in changed if "keyMask" in line or "keysMasked" in line}
    assert changed - learned == {'      "endpoint": "https://one.example.com/v2",'}


def test_a_rotated_secret_is_one_request_with_that_secret_only(project, server):
    project("apply")
    project.credential("SECRET_TWO", "canary-rotated-2b40d")
    planned = project("plan")
    assert "secret: changed ($SECRET_TWO)" in planned.stdout
    assert project("apply").returncode == 0
    assert [(request.method, request.body) for request in server.writes[2:]] == [
        ("PUT", {"secret": "canary-rotated-2b40d"})
    ]
    assert project("apply").returncode == 0
    assert len(server.writes) == 3


def test_an_unrotated_secret_in_another_variable_is_no_request(project, server):
    project("apply")
    project.write("fbsync.yaml", MANIFEST.replace("$SECRET_ONE", "$ONE_AGAIN"))
    project.credential("ONE_AGAIN", project.credentials["SECRET_ONE"])
    assert project("apply").returncode == 0
    assert len(server.writes) == 2
    assert [llm["secret"]["reference"] for llm in project.lockfile["llms"]] == ["ONE_AGAIN", "SECRET_TWO"]


def test_a_change_outside_is_put_right(project, server, on_server, sandbox):

    project("apply")
    url = f"{sandbox.url}/ai/llm/{on_server()['One']['id']}"
    plain_http.put(
        url, json={"endpoint": "https://moved.example.com"}, headers={"Authorization": f"Bearer {sandbox.token}"}
    )
    refused = project("apply")
    assert refused.returncode == 8
    assert "although nobody changed the manifest" in refused.stderr
    assert "--allow-host-change" in refused.stderr
    assert on_server()["One"]["endpoint"] == "https://moved.example.com"
    done = project("apply", "--allow-host-change")
    assert "https://moved.example.com → https://one.example.com/v1 (changed outside)" in done.stdout
    assert "the credential will now be sent to " in done.stdout
    assert on_server()["One"]["endpoint"] == "https://one.example.com/v1"


def test_only_one_entry(project, server):
    done = project("apply", "--only", "Two")
    assert done.returncode == 0
    assert [request.body["name"] for request in server.writes] == ["Two"]
    unknown = project("apply", "--only", "Three")
    assert unknown.returncode == 3
    assert "the names are: One, Two" in unknown.stderr


def test_missing_variables_are_all_named_before_any_request_that_writes(project, server):
    project.credential("SECRET_ONE", "")
    del project.credentials["SECRET_ONE"]
    done = project("apply", env={"SECRET_TWO": None, "KEY_TWO": ""})
    assert done.returncode == 3
    assert "fbsync.yaml:7:13: error" in done.stderr
    assert "$SECRET_ONE is not set" in done.stderr
    assert "$SECRET_TWO is not set" in done.stderr
    assert "$KEY_TWO is set but empty" in done.stderr
    assert server.writes == []


def test_the_result_document(project):
    document = result(project("apply", "--format", "json"))
    assert [(entry["name"], entry["outcome"]) for entry in document["entries"]] == [
        ("One", "created"),
        ("Two", "created"),
    ]
    assert {entry["outcome"] for entry in result(project("apply", "--format", "json"))["entries"]} == {"unchanged"}


def test_what_is_there_already_needs_to_be_adopted(project, server, on_server):
    project("apply")
    (project.folder / "fbsync.lock").unlink()
    refused = project("apply", "--format", "json")
    assert refused.returncode == 8
    assert len(result(refused)["error"]["refusals"]) == 2
    assert len(server.writes) == 2
    done = project("apply", "--adopt")
    assert done.returncode == 0, done.stderr
    assert {request.body["name"]: sorted(request.body) for request in server.writes[2:]} == {
        "One": ["aiType", "endpoint", "name", "secret"],
        "Two": ["aiType", "endpoint", "key", "name", "secret"],
    }
    assert {llm["id"] for llm in project.lockfile["llms"]} == {row["id"] for row in on_server().values()}


def test_pruning(project, server, on_server):
    project("apply")
    project.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
    kept = project("apply")
    assert "no longer declared; --prune deletes it" in kept.stdout
    assert set(on_server()) == {"One", "Two"}
    assert project("apply", "--prune").returncode == 0
    assert set(on_server()) == {"One"}
    assert [llm["name"] for llm in project.lockfile["llms"]] == ["One"]


def test_a_protected_entry_survives_its_removal_from_the_manifest(project, on_server):
    project.write("fbsync.yaml", MANIFEST + "    protect: true\n")
    project("apply")
    project.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
    done = project("apply", "--prune")
    assert done.returncode == 8
    assert '"Two"' in done.stderr
    assert "is protected" in done.stderr
    assert set(on_server()) == {"One", "Two"}


def test_a_rename_keeps_the_configuration(project, server, on_server):
    project("apply")
    before = on_server()["One"]["id"]
    project.write("fbsync.yaml", MANIFEST.replace("name: One", "name: First\n    previousName: One"))
    assert project("apply").returncode == 0
    assert server.writes[-1].body == {"name": "First"}
    assert on_server()["First"]["id"] == before
    assert project("apply").returncode == 0
    assert len(server.writes) == 3


def test_a_rename_makes_room_for_a_new_entry_of_the_old_name(project, on_server):
    project("apply")
    before = on_server()["One"]["id"]
    renamed = MANIFEST.replace("name: One", "name: First\n    previousName: One")
    added = "  - name: One\n    aiType: OTHER\n    endpoint: https://new.example.com\n    secret: $SECRET_ONE\n"
    project.write("fbsync.yaml", renamed + added)
    done = project("apply", "--parallelism", "1")
    assert done.returncode == 0, done.stdout
    assert on_server()["First"]["id"] == before
    assert on_server()["One"]["aiType"] == "OTHER"


@pytest.mark.parametrize("parallelism", ["1", "8"])
def test_entries_that_swap_their_names(project, server, on_server, parallelism):
    project("apply")
    before = {name: row["id"] for name, row in on_server().items()}
    swapped = (
        MANIFEST.replace("name: One", "name: TWO\n    previousName: One")
        .replace("name: Two", "name: One\n    previousName: Two")
        .replace("name: TWO", "name: Two")
    )
    project.write("fbsync.yaml", swapped)
    done = project("apply", "--parallelism", parallelism)
    assert done.returncode == 0, done.stdout
    assert {name: row["id"] for name, row in on_server().items()} == {"One": before["Two"], "Two": before["One"]}
    assert not (project.folder / "fbsync.lock.journal").exists()
    writes = len(server.writes)
    assert project("apply").returncode == 0
    assert len(server.writes) == writes == 5


def test_many_workspaces_are_listed_by_one_call(cli, server):
    entries = "".join(
        f"  - {{name: N, aiType: OTHER, endpoint: 'https://x.example.com', secret: $S, workspaceId: ws-shared-{at}}}\n"
        for at in range(6)
    )
    cli.write("fbsync.yaml", f"version: 1\nllms:\n{entries}")
    cli.credential("S", "canary-many-91c2")
    assert cli("apply").returncode == 0
    del server.requests[:]
    assert cli("apply").returncode == 0
    assert [request.path for request in server.requests] == ["/ai/llm"]


def test_the_lockfile_of_another_server_is_refused(project, server):
    project("apply")
    done = project("apply", "--api-url", "http://127.0.0.1:9")
    assert done.returncode == 3
    assert "the lockfile belongs to" in done.stderr
    assert project("plan", "--api-url", "http://127.0.0.1:9").returncode == 3


def test_a_damaged_lockfile_stops_the_run(project, server):
    project("apply")
    path = project.folder / "fbsync.lock"
    path.write_text(path.read_text()[:-40])
    done = project("apply")
    assert done.returncode == 3
    assert "fbsync.lock:" in done.stderr
    assert len(server.writes) == 2


def test_without_a_token_nothing_is_sent(project, server):
    done = project("apply", env={"FLASHBACK_TOKEN": None})
    assert done.returncode == 4
    assert "FLASHBACK_TOKEN" in done.stderr
    assert server.requests == []


def test_an_expired_token_is_renewed_once_for_all(project, server, sandbox):
    project.credential("FLASHBACK_EMAIL", sandbox.admin.email)
    project.credential("FLASHBACK_PASSWORD", sandbox.admin.password)
    first_two = iter(range(2))
    expired = Reply(status=401, body={"success": False, "message": "token expired"}, delay=0.2)
    server.replies = lambda request: expired if request.writes and next(first_two, None) is not None else None
    done = project("apply", "-v")
    assert done.returncode == 0, done.stderr
    assert [request.path for request in server.requests].count("/user/login") == 1
    assert len(server.writes) == 4


def test_signing_in_without_a_token(project, server, sandbox):
    project.credential("FLASHBACK_EMAIL", sandbox.admin.email)
    project.credential("FLASHBACK_PASSWORD", sandbox.admin.password)
    assert project("apply", env={"FLASHBACK_TOKEN": None}).returncode == 0
    assert server.requests[0].path == "/user/login"


def test_a_wrong_password_is_said_so(project, server, sandbox):
    project.credential("FLASHBACK_EMAIL", sandbox.admin.email)
    project.credential("FLASHBACK_PASSWORD", "canary-wrong-password")
    done = project("apply", env={"FLASHBACK_TOKEN": None})
    assert done.returncode == 4
    assert "INVALID_PASSWORD" in done.stderr
    assert "fix: check FLASHBACK_PASSWORD" in done.stderr
    assert server.writes == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_records_what_it_did_and_the_next_one_does_the_rest(cli, server, on_server, number, code):
    entries = "".join(
        f"  - {{name: N{at}, aiType: OTHER, endpoint: 'https://x.example.com', secret: $S}}\n" for at in range(12)
    )
    cli.write("fbsync.yaml", f"version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n{entries}")
    cli.credential("S", "canary-many-91c2")
    process = cli.process("apply", "--parallelism", "1")

    def interrupt_at_the_third(request):
        if request.writes and len(server.writes) == 3:
            process.send_signal(number)
            return Reply(body={}, processed=True, delay=0.3, status=500)
        return Reply(status=500, body={}) if len(server.writes) >= 3 else None

    server.replies = interrupt_at_the_third
    done = cli.finish(process)
    assert done.returncode == code
    assert "Apply incomplete! Resources: 2 added" in done.stdout
    assert "1 outcome unknown, 9 not attempted" in done.stdout
    assert [llm["name"] for llm in cli.lockfile["llms"]] == ["N0", "N1"]
    assert len(on_server()) == 3

    server.replies = lambda request: None
    rerun = cli("apply")
    assert rerun.returncode == 0, rerun.stderr
    assert len(on_server()) == 12
    assert {llm["id"] for llm in cli.lockfile["llms"]} == {row["id"] for row in on_server().values()}
    assert not (cli.folder / "fbsync.lock.journal").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_before_the_first_change_changes_nothing_and_says_so(project, server, number, code):
    process = project.process("apply", "--format", "json", "--result", "result.json")

    def interrupt(request):
        if request.path.startswith("/ai/llm"):  # once: fbsync asks for the profile at the same time
            process.send_signal(number)
        return Reply(body={}, processed=True, delay=0.5)

    server.replies = interrupt
    done = project.finish(process)
    assert done.returncode == code
    document = json.loads(done.stdout)
    assert document["exit_code"] == code
    assert document["error"]["message"] == "interrupted before the first change; nothing was changed"
    assert json.loads((project.folder / "result.json").read_text()) == document | {"environment": None}
    assert server.writes == []
    assert not (project.folder / "fbsync.lock").exists()


@pytest.mark.parametrize("command", ["drift", "plan --refresh"])
def test_a_signal_while_the_server_is_asked_ends_with_one_document(project, server, command):
    process = project.process(*command.split(), "--format", "json")

    def interrupt(request):
        process.send_signal(signal.SIGTERM)
        return Reply(body={}, processed=True, delay=0.5)

    server.replies = interrupt
    done = project.finish(process)
    assert done.returncode == 143
    assert json.loads(done.stdout)["error"]["message"] == "interrupted by SIGTERM"


def test_a_killed_run_is_taken_up_by_the_next_one(cli, server, on_server):
    entries = "".join(
        f"  - {{name: N{at}, aiType: OTHER, endpoint: 'https://x.example.com', secret: $S}}\n" for at in range(12)
    )
    cli.write("fbsync.yaml", f"version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n{entries}")
    cli.credential("S", "canary-many-91c2")
    process = cli.process("apply", "--parallelism", "4")

    def kill_at_the_sixth(request):
        if request.writes and len(server.writes) == 6:
            process.kill()

    server.replies = kill_at_the_sixth
    cli.finish(process)
    assert (cli.folder / "fbsync.lock.journal").exists()
    assert len(on_server()) < 12
    server.replies = lambda request: None
    planned = cli("plan")
    assert planned.returncode == 0, planned.stderr
    rerun = cli("apply")
    assert rerun.returncode == 0, rerun.stderr
    assert len(on_server()) == 12
    assert {llm["id"] for llm in cli.lockfile["llms"]} == {row["id"] for row in on_server().values()}
    assert sum(request.method == "POST" for request in server.writes) <= 12 + 1


def test_a_second_environment_has_a_lockfile_of_its_own(project, server):
    project.write("fbsync.yaml", MANIFEST + "environments:\n  staging:\n    llms:\n      Two: null\n")
    assert project("apply", "-e", "staging").returncode == 0
    assert [request.body["name"] for request in server.writes] == ["One"]
    assert (project.folder / "fbsync.staging.lock").exists()
    assert not (project.folder / "fbsync.lock").exists()


def test_a_credential_with_a_line_break_at_its_end_is_sent_as_it_is_and_said_so(project, server):
    project.credential("SECRET_ONE", "canary-with-line-break\n")
    done = project("apply")
    assert "$SECRET_ONE does not look like a credential: it starts or ends with a space or a line break" in done.stderr
    assert next(request.body["secret"] for request in server.writes if request.body["name"] == "One").endswith("\n")


def test_a_wrong_manifest_leaves_no_file_behind(cli):
    cli.write("fbsync.yaml", "version: 2\n")
    assert cli("apply").returncode == 3
    assert cli("apply", "-f", "nowhere/fbsync.yaml").returncode == 3
    assert [path.name for path in cli.folder.iterdir()] == ["fbsync.yaml"]


def test_plain_http_to_another_machine_is_warned_about(project):
    done = project("apply", "--api-url", "http://no-such-host.invalid", "--retry-timeout", "0")
    assert "uses http" in done.stderr
    assert done.returncode == 1


def test_what_the_list_shows_late_is_not_forgotten(project, server, on_server):
    """A list may lag behind (``flashback-api.md`` promises nothing), so fbsync lists again before it believes it."""
    project("apply")
    kept = {llm["name"]: llm["id"] for llm in project.lockfile["llms"]}
    project.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
    lists = []

    def hide_it_once(request):
        if request.method == "GET" and request.path.startswith("/ai/llm"):
            lists.append(request)
            if len(lists) == 1:
                return Reply(body={"success": True, "aiLlms": [on_server()["One"]]})
        return None

    server.replies = hide_it_once
    done = project("apply")
    assert done.returncode == 0, done.stderr
    assert len(lists) == 2
    assert {llm["name"]: llm["id"] for llm in project.lockfile["llms"]} == kept


def test_an_undeclared_creation_of_unknown_outcome_is_found_even_if_it_is_listed_late(project, server, on_server):
    server.replies = lambda request: (
        Reply(status=502, processed=request.method == "POST" and request.body["name"] == "Two")
        if request.method == "POST"
        else Reply(status=404, body={})
        if request.path.startswith("/ai/llm")
        else None
    )
    assert project("apply").returncode == 5
    assert set(on_server()) == {"Two"}
    project.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])

    assert project("apply").returncode == 5
    journal = (project.folder / "fbsync.lock.journal").read_text()
    assert '"Two"' in journal, "the server did not list, so nobody knows what became of it"

    server.replies = lambda request: None
    done = project("apply")
    assert done.returncode == 0, done.stderr
    assert {llm["name"] for llm in project.lockfile["llms"]} == {"One", "Two"}
    assert not (project.folder / "fbsync.lock.journal").exists()


class TestTheQuestion:
    def test_it_says_how_much_and_where(self, project, server):
        code, seen = at_a_terminal(project, ["apply"], "yes")
        assert f"Apply these 2 changes to {server.url}?" in seen
        assert "Only 'yes' is accepted" in seen
        assert code == 0
        assert len(server.writes) == 2

    def test_it_names_the_environment_too(self, project, server):
        project.write("fbsync.yaml", MANIFEST + "environments: {staging: {llms: {Two: null}}}\n")
        code, seen = at_a_terminal(project, ["apply", "-e", "staging"], "no")
        assert f"Apply this change to staging on {server.url}?" in seen
        assert (code, server.writes) == (1, [])

    @pytest.mark.parametrize("answer", few_of(["y", "", "YES", "yes please", "n"], "YES"))
    def test_nothing_but_yes_is_one(self, project, server, answer):
        code, seen = at_a_terminal(project, ["apply"], answer)
        assert "not confirmed, so nothing was changed" in seen
        assert (code, server.writes) == (1, [])

    @pytest.mark.parametrize("stream", ["stdin", "stderr"])
    def test_half_a_terminal_is_no_terminal(self, project, server, stream):
        """If people see the question but cannot answer, or the other way round, apply refuses: it must not guess."""
        code, seen = at_a_terminal(project, ["apply"], "yes", streams=(stream,))
        assert f"{stream} is a terminal and " in seen
        assert "--yes" in seen
        assert (code, server.writes) == (64, [])
        assert at_a_terminal(project, ["apply", "--yes"], "", streams=(stream,))[0] == 0

    @pytest.mark.parametrize("stream", ["stdin", "stderr"])
    def test_where_nothing_changes_nobody_need_be_asked(self, project, stream):
        project("apply")
        assert at_a_terminal(project, ["apply"], "", streams=(stream,))[0] == 0
