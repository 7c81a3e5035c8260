"""The commands that change nothing, and the command line itself."""

import json
import subprocess
import sys

import pytest
from cli_world import MANIFEST, QUICKSTART

import fbsync
from fbsync.schema.validate import Kind, validate


class TestPlan:
    def test_the_quickstart_without_any_credential(self, cli, server):
        """A pull request from a fork has no token, network or secret, and still gets its plan."""
        bare = dict.fromkeys(("FLASHBACK_TOKEN", "FLASHBACK_API_URL", "FLASHBACK_WORKSPACE_ID"))
        done = cli("plan", "-f", str(QUICKSTART / "fbsync.yaml"), env=bare)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("Plan: 6 to add, 0 to change, 0 to destroy.\n")
        assert done.stdout.count("(not set, so not yet available)") == 6
        assert server.requests == []

    def test_warnings_follow_the_plan(self, project):
        """People read what is printed last, in a terminal and in a log that has both streams."""
        process = project.process("plan", env={"SECRET_ONE": "changeme"}, stderr=subprocess.STDOUT)
        printed = project.finish(process).stdout
        assert printed.index("Plan: 2 to add") < printed.index(
            "the value of $SECRET_ONE does not look like a credential"
        )
        assert printed.rstrip().endswith("1 warning")

    def test_a_plan_without_credentials_says_what_apply_then_does(self, project):
        project("apply")
        project.write("fbsync.yaml", MANIFEST.replace("one.example.com", "uno.example.com"))
        bare = dict.fromkeys((*project.credentials, "FLASHBACK_TOKEN", "FLASHBACK_WORKSPACE_ID", "FLASHBACK_API_URL"))
        document = json.loads(project("plan", "--format", "json", env=bare).stdout)
        assert validate(Kind.PLAN, document) == ()
        assert [(change["name"], change["kind"]) for change in document["resource_changes"]] == [
            ("One", "update"),
            ("Two", "unchanged"),
        ]
        assert {item["changed"] for change in document["resource_changes"] for item in change["credentials"]} == {
            "unverified"
        }
        done = project("apply", "--format", "json")
        assert [entry["outcome"] for entry in json.loads(done.stdout)["entries"]] == ["updated", "unchanged"]

    def test_the_detailed_exit_code(self, project):
        assert project("plan", "--detailed-exitcode").returncode == 2
        assert project("plan").returncode == 0
        project("apply")
        assert project("plan", "--detailed-exitcode").returncode == 0

    def test_a_variable_that_only_the_lockfile_names_may_hold_anything(self, project):
        project("apply")
        project.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
        done = project("plan", env={"SECRET_TWO": "\udcff"})
        assert done.returncode == 0, done.stderr
        assert "Two" in done.stdout

    def test_every_kind_of_change_fits_the_schema(self, project):
        project("apply")
        project.write(
            "fbsync.yaml",
            MANIFEST[: MANIFEST.index("  - name: Two")].replace("aiType: OPENAI", "aiType: OTHER")
            + "  - {name: New, aiType: GOOGLE, endpoint: 'https://n.example.com', secret: $SECRET_NEW}\n",
        )
        document = json.loads(project("plan", "--prune", "--format", "json", "--detailed-exitcode").stdout)
        assert validate(Kind.PLAN, document) == ()
        assert document["exit_code"] == 2
        assert {change["kind"] for change in document["resource_changes"]} == {"update", "create", "delete"}
        assert document["summary"] | {"add": 1, "change": 1, "destroy": 1} == document["summary"]

    def test_a_failure_is_a_document_too(self, cli):
        done = cli("plan", "--format", "json")
        assert done.returncode == 3
        document = json.loads(done.stdout)
        assert validate(Kind.RESULT, document) == ()
        assert document["exit_code"] == 3
        assert document["findings"][0]["file"] == "fbsync.yaml"
        assert done.stderr == ""


class TestEnv:
    def test_every_variable_with_its_uses(self, project):
        project.write(".env", "KEY_TWO=from-a-file\n")
        del project.credentials["KEY_TWO"]
        done = project("env", env={"SECRET_TWO": None})
        assert done.returncode == 0
        assert done.stdout.splitlines() == [
            "FLASHBACK_WORKSPACE_ID: set (environment)",
            "    fbsync.yaml:2:14: workspaceId of 2 entries",
            "KEY_TWO: set (.env)",
            "    fbsync.yaml:11:10: key of Two",
            "SECRET_ONE: set (environment)",
            "    fbsync.yaml:7:13: secret of One",
            "SECRET_TWO: not set",
            "    fbsync.yaml:12:13: secret of Two",
            "Signing in: FLASHBACK_TOKEN",
            ".env files: .env",
            "4 variables, 1 not set",
        ]

    def test_as_a_document(self, project):
        document = json.loads(project("env", "--format", "json").stdout)
        assert validate(Kind.RESULT, document) == ()
        assert [(item["name"], item["set"]) for item in document["variables"]] == [
            ("FLASHBACK_WORKSPACE_ID", True),
            ("KEY_TWO", True),
            ("SECRET_ONE", True),
            ("SECRET_TWO", True),
        ]


class TestSchema:
    @pytest.mark.parametrize("kind", list(Kind))
    def test_it_prints_the_file(self, cli, kind):
        from jsonschema import Draft202012Validator

        done = cli("schema", kind.value)
        Draft202012Validator.check_schema(json.loads(done.stdout))
        assert cli("schema").stdout == cli("schema", "manifest").stdout


class TestCommandLine:
    def test_the_version(self, cli):
        assert cli("--version").stdout == f"fbsync {fbsync.__version__}\n"

    @pytest.mark.parametrize(
        "argv",
        [
            ["--no-such-option"],
            ["no-such-command"],
            ["apply", "--dry-run"],
            ["apply", "--parallelism", "0"],
            ["apply", "--parallelism", "many"],
            ["apply", "--max-deletes", "some"],
            ["apply", "--timeout", "0"],
            ["plan", "extra"],
            ["plan", "--format", "yaml"],
            ["schema", "no-such-schema"],
            ["apply", "--token", "x"],
        ],
    )
    def test_wrong_usage_is_64_and_does_nothing(self, project, server, argv):
        done = project(*argv)
        assert done.returncode == 64
        assert done.stdout == ""
        assert "error:" in done.stderr
        assert server.requests == []

    def test_wrong_usage_is_a_document_where_one_was_asked_for(self, project):
        done = project("apply", "--format", "json", "--dry-run")
        document = json.loads(done.stdout)
        assert validate(Kind.RESULT, document) == ()
        assert (done.returncode, document["exit_code"], document["command"]) == (64, 64, "apply")

    def test_without_arguments_it_explains_itself(self, cli):
        done = cli()
        assert done.returncode == 64
        assert "Commands:" in done.stderr

    @pytest.mark.parametrize("command", ["validate", "plan", "apply", "env", "schema", "sandbox"])
    def test_every_command_has_help(self, cli, command):
        done = cli(command, "--help")
        assert done.returncode == 0
        assert done.stdout.startswith(f"Usage: fbsync {command}")
        assert command in cli("--help").stdout

    def test_an_interruption_while_it_is_loaded_is_no_traceback(self, project):
        code = """
import os, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
from fbsync.__main__ import program
program()
"""
        done = subprocess.run([sys.executable, "-c", code, "validate"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (130, "", "error: interrupted\n")

    @pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
    def test_an_output_that_was_closed_before_is_no_traceback(self, project, closed):
        command = f'exec {sys.executable} -m fbsync "$@" {closed}'
        for status, *argv in ((0, "validate"), (3, "validate", "nothing.yaml"), (64, "nothing")):
            done = subprocess.run(
                ["sh", "-c", command, "sh", *argv],
                cwd=project.folder,
                env=project.environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (status, False), argv

    def test_a_reader_that_goes_away_is_no_traceback(self, project):
        command = f"{sys.executable} -m fbsync schema | head -n 1"
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; {command}"],
            cwd=project.folder,
            env=project.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout == "{\n"
        assert "Traceback" not in done.stderr
        assert "BrokenPipe" not in done.stderr


class TestColour:
    @pytest.mark.parametrize(
        ("variables", "coloured"),
        [
            ({}, False),
            ({"FORCE_COLOR": "1"}, True),
            ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
            ({"FORCE_COLOR": "0"}, False),
        ],
    )
    def test_colour_is_for_those_who_see_it(self, project, variables, coloured):
        done = project("plan", env=variables)
        assert ("\x1b[" in done.stdout) is coloured


class TestOnly:
    """``--only`` with patterns, and with an unknown name."""

    @pytest.fixture
    def teams(self, project):
        entries = "".join(
            f"  - {{name: {name}, aiType: OPENAI, endpoint: https://a.example, secret: $SECRET_ONE}}\n"
            for name in ("team-a/chat", "team-a/search", "team-b/chat", '"odd [1]"', "odd 1")
        )
        project.write("fbsync.yaml", f"version: 1\nworkspaceId: ws\nllms:\n{entries}")
        return project

    @pytest.mark.parametrize(
        ("only", "names"),
        [
            (["team-a/*"], ["team-a/chat", "team-a/search"]),
            (["*/chat", "odd [1]"], ["team-a/chat", "team-b/chat", "odd [1]"]),
            (["odd [12]"], ["odd 1"]),
            (["team-?/search"], ["team-a/search"]),
        ],
    )
    def test_a_pattern_is_one_by_name_and_a_name_is_none(self, teams, only, names):
        arguments = [word for one in only for word in ("--only", one)]
        document = json.loads(teams("plan", "--format", "json", *arguments).stdout)
        assert [entry["name"] for entry in document["resource_changes"]] == names

    @pytest.mark.parametrize(
        ("only", "hint"),
        [
            ("team-a/serch", "did you mean 'team-a/search'?"),
            ("Team-B/Chat", "did you mean 'team-b/chat'?"),
            ("team-c/*", "the names are: odd 1, odd [1], team-a/chat, team-a/search, team-b/chat"),
        ],
    )
    def test_what_may_have_been_meant(self, teams, only, hint):
        done = teams("plan", "--only", only)
        assert done.returncode == 3
        assert f"--only names '{only}', which is neither in the manifest nor in the lockfile" in done.stderr
        assert hint in done.stderr

    def test_of_many_names_few_are_listed(self, teams):
        entries = "".join(
            f"  - {{name: Entry {at}, aiType: OPENAI, endpoint: https://a.example, secret: $S}}\n" for at in range(200)
        )
        teams.write("fbsync.yaml", f"version: 1\nworkspaceId: ws\nllms:\n{entries}")
        assert "and 190 more" in teams("plan", "--only", "zzz").stderr
