"""Inspect and repair the known state, without a server or a valid manifest."""

import json
import resource
import subprocess
import sys
import time

import pytest
from at_a_terminal import at_a_terminal
from cli_world import MANIFEST

from fbsync.cli import main
from fbsync.schema.validate import Kind, validate


def document_of(done):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return document


def entry(name, workspace="ws-1", **more):
    return {
        "workspaceId": workspace,
        "name": name,
        "id": f"id-{workspace}-{name}",
        "aiType": "OTHER",
        "endpoint": "https://x.example.com",
        "secret": {"reference": "SECRET", "fingerprint": None},
        **more,
    }


@pytest.fixture
def state(cli, server):
    """A folder with nothing but a lockfile of these entries."""

    def write(*entries, name="fbsync.lock", environment=None):
        value = {
            "version": 2,
            "apiUrl": "https://api.example.com",
            "environment": environment,
            "fingerprints": {"method": "scrypt", "salt": "A" * 22, "n": 4096},
            "llms": list(entries),
        }
        return cli.write(name, json.dumps(value))

    yield write
    assert server.requests == []


def names(path):
    return [llm["name"] for llm in json.loads(path.read_text())["llms"]]


@pytest.fixture
def killed(project, server, on_server):
    """A project whose first apply was killed before the answer to its second request. The server carried that out."""
    process = project.process("apply", "--parallelism", "1")
    journal = project.folder / "fbsync.lock.journal"

    def kill_at_the_second(_request):
        if len(server.writes) == 2:
            while '"entry"' not in journal.read_text():
                time.sleep(0.01)  # the first outcome is still on its way to the disk
            process.kill()

    server.replies = kill_at_the_second
    project.finish(process)
    server.replies = lambda request: None
    while len(on_server()) < 2:
        continue  # the request is still on its way
    assert journal.exists()
    return project


class TestList:
    def test_a_table_aligned_by_columns(self, cli, state):
        state(
            entry("模型", workspace="ws", id="1", protect=True),
            entry("Cafe\u0301", workspace="ws", id="2"),
            entry("a\x1b[2J\nb", workspace="ws-longer", id="3", aiType="ANTHROPIC"),
        )
        assert cli("state", "list").stdout.splitlines() == [
            "WORKSPACE  NAME         TYPE       ID  PROTECTED  CREDENTIAL AGE",
            "ws         模型         OTHER      1   yes        -",
            "ws         Cafe\u0301         OTHER      2   no         -",
            "ws-longer  a\\x1b[2J\\nb  ANTHROPIC  3   no         -",
        ]

    def test_as_a_document(self, project):
        project("apply")
        part = document_of(project("state", "list", "--format", "json"))["state"]
        assert (part["lockfile"], part["open_requests"]) == ("fbsync.lock", 0)
        assert [(llm["name"], llm["id"]) for llm in part["entries"]] == [
            (llm["name"], llm["id"]) for llm in project.lockfile["llms"]
        ]
        fingerprints = [llm["secret"]["fingerprint"] for llm in project.lockfile["llms"]]
        assert not any(fingerprint in json.dumps(part) for fingerprint in fingerprints)

    def test_no_manifest_is_needed_and_no_right_one(self, cli, state):
        state(entry("A"))
        assert cli("state", "list").returncode == 0
        cli.write("fbsync.yaml", "version: [")
        assert cli("state", "list").returncode == 0

    def test_the_lockfile_is_found_as_by_other_commands(self, cli, state):
        (cli.folder / "prod").mkdir()
        state(entry("A"), name="prod/fbsync.staging.lock")
        state(entry("B"), name="other.lock")
        assert " A " in cli("state", "list", "-f", "prod", "-e", "staging").stdout
        assert " A " in cli("state", "list", "-f", "prod/fbsync.yaml", "-e", "staging").stdout
        assert " B " in cli("state", "list", "--lock-file", "other.lock").stdout

    @pytest.mark.parametrize("command", [["list"], ["show", "A"], ["forget", "A"]])
    def test_without_a_lockfile(self, cli, command):
        done = cli("state", *command, "--format", "json")
        assert done.returncode == 3
        assert "there is no lockfile fbsync.lock" in document_of(done)["error"]["message"]
        assert list(cli.folder.iterdir()) == []

    @pytest.mark.parametrize("command", [["list"], ["show", "A"], ["forget", "A"]])
    def test_a_damaged_lockfile_is_never_taken_for_an_empty_one(self, cli, command):
        path = cli.write("fbsync.lock", "{")
        done = cli("state", *command, "--format", "json")
        assert done.returncode == 3
        assert document_of(done)["findings"]
        assert path.read_text() == "{"

    def test_what_a_killed_apply_did_is_known(self, killed):
        done = killed("state", "list")
        assert " One " in done.stdout
        assert "1 unconfirmed request" in done.stderr
        part = document_of(killed("state", "list", "--format", "json"))["state"]
        assert (len(part["entries"]), part["open_requests"]) == (1, 1)


class TestShow:
    def test_all_of_one_entry(self, cli, state):
        state(
            entry(
                "A",
                key={"reference": "KEY", "fingerprint": "f1ngerpr1nt", "sentOn": "2001-01-01"},
                protect=True,
                previousName="Before",
                templates={"workspaceId": "$WORKSPACE", "endpoint": "https://${HOST}"},
            )
        )
        (shown,) = document_of(cli("state", "show", "A", "--format", "json"))["state"]["entries"]
        days = shown["credentials"][0]["days"]
        assert cli("state", "show", "A").stdout.splitlines() == [
            "A",
            "  workspaceId:  ws-1 (from $WORKSPACE)",
            "  id:           id-ws-1-A",
            "  aiType:       OTHER",
            "  endpoint:     https://x.example.com (from https://${HOST})",
            f"  key:          $KEY (sent on 2001-01-01, {days} days ago, fingerprint known)",
            "  secret:       $SECRET (no fingerprint: the server's value is unknown)",
            "  protect:      true",
            "  previousName: Before",
        ]
        assert shown["credentials"] == [
            {"field": "key", "reference": "$KEY", "fingerprint": True, "sent_on": "2001-01-01", "days": days},
            {"field": "secret", "reference": "$SECRET", "fingerprint": False},
        ]
        assert not any("f1ngerpr1nt" in text for text in cli.printed)

    def test_an_unknown_name_gets_those_like_it(self, cli, state):
        state(entry("Production OpenAI"), entry("Bedrock"))
        done = cli("state", "show", "Production OpenAl")
        assert done.returncode == 3
        assert 'the known state has no entry "Production OpenAl"' in done.stderr
        assert 'there are: "Production OpenAI" (workspace ws-1)\n' in done.stderr

    def test_a_name_like_no_other_gets_all_of_them_up_to_a_few(self, cli, state):
        state(*(entry(f"Entry {at:02}") for at in range(12)))
        done = cli("state", "show", "\x1b[2J")
        assert '"Entry 09" (workspace ws-1), and 2 more; see `fbsync state list`' in done.stderr
        assert "\x1b" not in done.stderr

    def test_a_name_in_several_workspaces(self, cli, state):
        state(entry("A"), entry("A", "ws-2"), entry("B"))
        done = cli("state", "show", "A", "--format", "json")
        assert done.returncode == 3
        error = document_of(done)["error"]
        assert error["message"] == 'the known state has "A" in several workspaces'
        assert error["hint"] == 'select one with --workspace: "A" (workspace ws-1), "A" (workspace ws-2)'
        assert "id-ws-2-A" in cli("state", "show", "A", "--workspace", "ws-2").stdout
        elsewhere = cli("state", "show", "B", "--workspace", "ws-2")
        assert 'the known state has no entry "B" in workspace ws-2' in elsewhere.stderr
        assert 'there are: "B" (workspace ws-1)' in elsewhere.stderr


class TestForget:
    def test_only_the_record_goes(self, project, server, on_server):
        project("apply")
        before = (project.folder / "fbsync.lock").read_text()
        done = project("state", "forget", "Two")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"Two (workspace {on_server()['Two']['workspaceId']}): forgotten (id ")
        after = (project.folder / "fbsync.lock").read_text()
        assert [llm["name"] for llm in json.loads(after)["llms"]] == ["One"]
        assert after.splitlines()[:8] == before.splitlines()[:8]
        assert set(on_server()) == {"One", "Two"}
        assert len(server.writes) == 2
        assert {path.name for path in project.folder.glob("fbsync*")} == {"fbsync.yaml", "fbsync.lock"}

    def test_what_was_forgotten_is_not_created_again_but_to_be_adopted(self, project, server):
        project("apply")
        project("state", "forget", "Two")
        assert project("apply").returncode == 8
        assert project("apply", "--adopt").returncode == 0
        assert [request.method for request in server.writes] == ["POST", "POST", "PUT"]

    def test_as_a_document(self, cli, state):
        path = state(entry("A"), entry("A", "ws-2"))
        document = document_of(cli("state", "forget", "A", "--workspace", "ws-2", "--format", "json"))
        assert document["entries"] == [{"workspaceId": "ws-2", "name": "A", "id": "id-ws-2-A", "outcome": "forgotten"}]
        assert [llm["workspaceId"] for llm in json.loads(path.read_text())["llms"]] == ["ws-1"]

    def test_an_unknown_or_unclear_name_changes_nothing(self, cli, state):
        path = state(entry("A"), entry("A", "ws-2"))
        before = path.read_text()
        assert cli("state", "forget", "A").returncode == 3
        assert cli("state", "forget", "B").returncode == 3
        assert path.read_text() == before

    def test_a_protected_entry_needs_force(self, cli, state):
        path = state(entry("A", protect=True))
        done = cli("state", "forget", "A", "--yes", "--format", "json")
        assert done.returncode == 8
        (refusal,) = document_of(done)["error"]["refusals"]
        assert refusal["name"] == "A"
        assert "--force" in refusal["hint"]
        assert names(path) == ["A"]
        assert cli("state", "forget", "A", "--force").returncode == 0
        assert names(path) == []

    def test_an_unfinished_apply_comes_first(self, killed, server):
        done = killed("state", "forget", "One", "--format", "json")
        assert done.returncode == 1
        assert "run `fbsync apply` first" in document_of(done)["error"]["hint"]
        assert killed("apply").returncode == 0
        assert killed("state", "forget", "One").returncode == 0
        assert names(killed.folder / "fbsync.lock") == ["Two"]

    def test_another_run_comes_first(self, project, server):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        during = []
        server.replies = lambda request: (
            during.append(project("state", "forget", "Two")) if request.method == "PUT" else None
        )
        assert project("apply").returncode == 0
        assert [done.returncode for done in during] == [7]
        assert names(project.folder / "fbsync.lock") == ["One", "Two"]

    def test_what_is_in_a_rescue_file_is_forgotten_there_too(self, project, server):
        folder = project.folder / "state"
        folder.mkdir()

        def take_the_folder_away(request):
            if request.writes and folder.exists():
                folder.rename(project.folder / "gone")

        at = ("--lock-file", "state/fbsync.lock")
        assert project("apply", *at).returncode == 0
        server.replies = take_the_folder_away
        project.write("fbsync.yaml", (project.folder / "fbsync.yaml").read_text().replace("//one.", "//first."))
        assert project("apply", *at).returncode == 1
        server.replies = lambda request: None
        folder.mkdir()
        (project.folder / "gone/fbsync.lock").rename(folder / "fbsync.lock")
        known = [
            llm["name"] for llm in document_of(project("state", "list", *at, "--format", "json"))["state"]["entries"]
        ]
        assert project("state", "forget", known[0], *at).returncode == 0
        assert names(folder / "fbsync.lock") == known[1:]
        listed = document_of(project("state", "list", *at, "--format", "json"))["state"]["entries"]
        assert [llm["name"] for llm in listed] == known[1:]

    def test_a_disk_without_room_changes_nothing(self, cli, state):
        """The process may write only this many bytes to a file, which looks like a full disk."""
        path = state(entry("A"), entry("B"))
        before = path.read_text()
        limited = cli.process(
            *("state", "forget", "A"),
            env={"PYTHONDONTWRITEBYTECODE": "1"},  # otherwise Python leaves truncated compiled modules
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)),
        )
        done = cli.finish(limited)
        assert done.returncode == 1
        assert "the known state cannot be written to fbsync.lock" in done.stderr
        assert path.read_text() == before
        assert [path.name for path in cli.folder.iterdir()] == ["fbsync.lock"]

    def test_a_lockfile_that_is_a_link_is_refused(self, cli, state):
        (cli.folder / "elsewhere").mkdir()
        state(entry("A"), name="elsewhere/real.lock")
        (cli.folder / "fbsync.lock").symlink_to("elsewhere/real.lock")
        done = cli("state", "forget", "A")
        assert done.returncode == 3
        assert "the lockfile fbsync.lock cannot be read: it is a symbolic link" in done.stderr
        assert names(cli.folder / "elsewhere" / "real.lock") == ["A"]

    @pytest.mark.parametrize(("answer", "code", "left"), [("y", 0, []), ("n", 1, ["A\x1b"]), ("", 1, ["A\x1b"])])
    def test_somebody_who_can_answer_is_asked(self, cli, state, answer, code, left):
        path = state(entry("A\x1b"))
        returncode, seen = at_a_terminal(cli, ["state", "forget", "A\x1b"], answer)
        assert 'Forget "A\\x1b" (workspace ws-1)? [y/N]' in seen
        assert (returncode, names(path)) == (code, left)

    def test_with_yes_nobody_is_asked(self, cli, state):
        path = state(entry("A"))
        returncode, seen = at_a_terminal(cli, ["state", "forget", "A", "--yes"], "n")
        assert "[y/N]" not in seen
        assert (returncode, names(path)) == (0, [])


def test_the_commands_need_no_server(state, cli):
    state(entry("A"))
    code = (
        "import sys\nfrom fbsync.cli import main\nassert main(['state', 'list']) == 0\n"
        "assert not {'httpx', 'fastapi'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=cli.folder, env=cli.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", ["list", "show", "forget"])
def test_each_has_help(cli, command):
    done = cli("state", command, "--help")
    assert done.stdout.startswith(f"Usage: fbsync state {command}")
    assert "\\b" not in done.stdout
    assert command in cli("state", "--help").stdout


def test_wrong_usage(cli, capsys):
    assert cli("state").returncode == 64
    assert cli("state", "show").returncode == 64
    assert main(["state", "list", "--only", "A"]) == 64


class TestWhereTheKnownStateIs:
    def test_the_environment_names_a_folder(self, project):
        (project.folder / "elsewhere").mkdir()
        applied = project("apply", "--yes", env={"FBSYNC_STATE": "file:elsewhere"})
        assert applied.returncode == 0
        assert (project.folder / "elsewhere/fbsync.lock").exists()
        assert not (project.folder / "fbsync.lock").exists()
        assert project("plan", "--detailed-exitcode", env={"FBSYNC_STATE": "file:elsewhere"}).returncode == 0

    def test_the_option_wins_over_the_environment(self, project):
        planned = project("plan", "--state", "file:b", env={"FBSYNC_STATE": "file:a"})
        assert "b/fbsync.lock yet" in planned.stdout

    def test_the_manifest_may_name_it_and_the_environment_wins(self, project):
        manifest = project.folder / "fbsync.yaml"
        manifest.write_text(manifest.read_text() + "state: file:known\n")
        (project.folder / "known").mkdir()
        assert project("validate").returncode == 0
        assert project("apply", "--yes").returncode == 0
        assert (project.folder / "known/fbsync.lock").exists()
        planned = project("plan", env={"FBSYNC_STATE": "file:elsewhere"})
        assert "elsewhere/fbsync.lock yet" in planned.stdout

    def test_two_options_that_name_two_places_are_wrong_usage(self, project):
        assert project("plan", "--state", "file:b", "--lock-file", "x.lock").returncode == 64


def test_the_day_on_which_a_credential_was_sent_is_in_state_and_plan(project):
    project("apply")
    days = {llm["secret"]["sentOn"] for llm in project.lockfile["llms"]}
    state = document_of(project("state", "list", "--format", "json"))["state"]
    assert {item["sent_on"] for entry in state["entries"] for item in entry["credentials"]} == days
    project.credential("SECRET_ONE", "canary-another-5e1f0d")
    planned = json.loads(project("plan", "--format", "json").stdout)
    assert validate(Kind.PLAN, planned) == ()
    sent = {item["sent_on"] for change in planned["resource_changes"] for item in change["credential_ages"]}
    assert sent == days
