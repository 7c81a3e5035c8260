"""``env``: the required variables, for people, for CI, and as a template file."""

import json

import pytest
from cli_world import MANIFEST

from fbsync.render.env_example import Needed, env_example
from fbsync.schema.validate import Kind, validate

STAGING = "environments:\n  staging: {llms: {One: {secret: $STAGING_SECRET}}}\n"


@pytest.fixture
def staged(project):
    project.write("fbsync.yaml", MANIFEST + STAGING)
    return project


def test_what_a_new_environment_lacks_is_told_beforehand(staged):
    done = staged("env", "-e", "staging")
    assert done.returncode == 0
    assert "STAGING_SECRET: not set" in done.stdout
    assert "Signing in: FLASHBACK_TOKEN" in done.stdout
    assert done.stdout.endswith("4 variables, 1 not set\n")


def test_many_uses_are_grouped_and_listed_on_request(cli):
    entries = "".join(
        f"  - {{name: E{n}, aiType: OTHER, endpoint: https://x.example.com, secret: $SHARED}}\n" for n in range(400)
    )
    cli.write("fbsync.yaml", f"version: 1\nworkspaceId: $FLASHBACK_WORKSPACE_ID\nllms:\n{entries}")
    column = len("  - {name: E0, aiType: OTHER, endpoint: https://x.example.com, secret: $")
    assert cli("env").stdout.splitlines() == [
        "FLASHBACK_WORKSPACE_ID: set (environment)",
        "    fbsync.yaml:2:14: workspaceId of 400 entries",
        "SHARED: not set",
        *(f"    fbsync.yaml:{n + 4}:{column}: secret of E{n}" for n in range(3)),
        "    and 397 more; -v lists them",
        "Signing in: FLASHBACK_TOKEN",
        "2 variables, 1 not set",
    ]
    assert len(cli("env", "-v").stdout.splitlines()) == 405
    assert len(json.loads(cli("env", "--format", "json").stdout)["variables"][1]["uses"]) == 400


def test_each_variable_says_from_which_file_it_comes(staged):
    staged.write(".env", "STAGING_SECRET=canary-common\nKEY_TWO=canary-common\nOWN=x\n")
    staged.write(".env.staging", "STAGING_SECRET=canary-staging\n")
    staged.secret_files = {".env", ".env.staging"}
    environment = {"KEY_TWO": None, "SECRET_ONE": None}
    done = staged("env", "-e", "staging", env=environment)
    assert "STAGING_SECRET: set (.env.staging)\n" in done.stdout
    assert "KEY_TWO: set (.env)\n" in done.stdout
    assert "SECRET_TWO: set (environment)\n" in done.stdout
    assert ".env files: .env.staging, .env\n" in done.stdout
    assert ".env files: .env\n" in staged("env", env=environment).stdout
    assert "canary" not in done.stdout + done.stderr


def environments_of(done):
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == done.returncode
    return {one["environment"]: one for one in document["environments"]}


ENVIRONMENTS = """\
environments:
  staging: {llms: {One: {secret: $STAGING_SECRET}}}
  prod: {workspaceId: $PROD_WORKSPACE_ID}
"""


def test_all_environments_are_one_list(project):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENTS)
    project.write(".env.staging", "STAGING_SECRET=canary-staging\n")
    project.secret_files = {".env.staging"}
    text = project("env", "--all-environments").stdout
    places = [text.index(f"Environment: {name}") for name in ("none (without -e)", "staging", "prod")]
    assert places == sorted(places)
    assert "STAGING_SECRET: set (.env.staging)" in text
    assert text.endswith("\nAll environments: 6 variables, 1 not set somewhere\n")
    done = project("env", "--all-environments", "--check", "--format", "json")
    found = environments_of(done)
    assert done.returncode == 3
    assert {name: one["exit_code"] for name, one in found.items()} == {None: 0, "staging": 0, "prod": 3}
    assert found["staging"]["variable_files"] == [".env.staging"]
    assert [one["name"] for one in found["prod"]["variables"] if not one["set"]] == ["PROD_WORKSPACE_ID"]
    given = {"PROD_WORKSPACE_ID": "ws-prod"}
    assert project("env", "--all-environments", "--check", env=given).returncode == 0
    assert project("env", "--all-environments", "-e", "prod").returncode == 64


def test_all_environments_are_one_comment(project):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENTS)
    done = project("env", "--all-environments", "--format", "markdown", "--max-chars", "4000")
    assert done.stdout.startswith("<!-- fbsync-env:%2A -->\n")
    assert len(done.stdout) <= 4000
    assert "**6 variables, 2 not set somewhere**" in done.stdout
    assert "- 🔴 `PROD_WORKSPACE_ID`: not set; workspaceId of 2 entries (`fbsync.yaml:15:23`)" in done.stdout
    assert done.stdout.count("- 🔴 ") == 2
    one = project("env", "-e", "prod", "--format", "markdown")
    assert one.stdout.startswith(
        "<!-- fbsync-env:prod -->\n\n### fbsync env for `prod`\n\n**4 variables, 1 not set**\n"
    )
    short = project("env", "-e", "prod", "--format", "markdown", "--max-chars", "120")
    assert len(short.stdout) <= 120
    assert "4 variables, 1 not set" in short.stdout


def test_write_takes_the_variables_of_all_environments(project):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENTS)
    project("env", "--all-environments", "--write", ".env.example")
    names = [line for line in (project.folder / ".env.example").read_text().splitlines() if line.endswith("=")]
    assert sorted(names) == [
        "FLASHBACK_TOKEN=",
        "FLASHBACK_WORKSPACE_ID=",
        "KEY_TWO=",
        "PROD_WORKSPACE_ID=",
        "SECRET_ONE=",
        "SECRET_TWO=",
        "STAGING_SECRET=",
    ]


def test_an_empty_variable_is_not_set(staged):
    done = staged("env", env={"SECRET_ONE": ""})
    assert "SECRET_ONE: set but empty\n" in done.stdout
    listed = json.loads(staged("env", "--format", "json", env={"SECRET_ONE": ""}).stdout)["variables"]
    assert [one["name"] for one in listed if one["empty"]] == ["SECRET_ONE"]
    assert not any(one["set"] for one in listed if one["empty"])


def test_check_wants_values_that_fit(staged):
    wrong = staged("env", "--check", env={"FLASHBACK_WORKSPACE_ID": "ws 1"})
    assert wrong.returncode == 3
    assert "$FLASHBACK_WORKSPACE_ID is not a workspace id" in wrong.stderr
    odd = staged("env", "--check", env={"SECRET_ONE": "***"})
    assert odd.returncode == 0
    assert "$SECRET_ONE does not look like a credential" in odd.stderr


def test_check_is_for_ci(staged):
    assert staged("env", "--check").returncode == 0
    done = staged("env", "--check", "-e", "staging", "--format", "json")
    assert done.returncode == 3
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    assert document["exit_code"] == 3
    assert [item["name"] for item in document["variables"] if not item["set"]] == ["STAGING_SECRET"]
    assert staged("env", "--check", "-e", "staging", env={"STAGING_SECRET": "canary-staging"}).returncode == 0


def test_check_wants_a_means_of_signing_in(staged):
    done = staged("env", "--check", env={"FLASHBACK_TOKEN": None})
    assert done.returncode == 3
    assert "Signing in: not possible: set FLASHBACK_TOKEN, or" in done.stdout
    both = {"FLASHBACK_TOKEN": None, "FLASHBACK_EMAIL": "me@example.com", "FLASHBACK_PASSWORD": "canary-password"}
    assert "Signing in: FLASHBACK_EMAIL with FLASHBACK_PASSWORD" in staged("env", "--check", env=both).stdout
    assert staged("env", "--check", env=both | {"FLASHBACK_PASSWORD": ""}).returncode == 3


def test_write_makes_a_file_and_then_adds_to_it(staged):
    done = staged("env", "--write", ".env.example")
    assert done.returncode == 0
    assert ".env.example: written" in done.stderr
    path = staged.folder / ".env.example"
    assert path.read_text() == (
        "# for signing in (or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL with FLASHBACK_PASSWORD)\n"
        "FLASHBACK_TOKEN=\n"
        "# workspaceId of One\n# workspaceId of Two\nFLASHBACK_WORKSPACE_ID=\n"
        "# key of Two\nKEY_TWO=\n# secret of One\nSECRET_ONE=\n# secret of Two\nSECRET_TWO=\n"
    )
    assert ".env.example: unchanged" in staged("env", "--write", ".env.example").stderr
    before = path.read_text()
    assert ".env.example: lines added" in staged("env", "-e", "staging", "--write", ".env.example").stderr
    assert path.read_text() == before + "# secret of One\nSTAGING_SECRET=\n"


def test_a_file_that_cannot_be_written_is_an_error(staged):
    (staged.folder / "folder").mkdir()
    done = staged("env", "--write", "folder")
    assert done.returncode == 1
    assert "folder cannot be written: Is a directory" in done.stderr
    staged.write("latin", "").write_bytes(b"\xff=")
    assert "latin is not UTF-8 text, so it was left alone" in staged("env", "--write", "latin").stderr
    assert list((staged.folder / "folder").iterdir()) == []


@pytest.mark.parametrize("line", ["A=x", "  A = x", "export A=x", "# A=", "#A=x"])
def test_a_variable_that_is_there_in_any_way_is_left_alone(line):
    assert env_example([Needed(name="A", purposes=())], f"{line}\n") == f"{line}\n"


def test_what_is_there_stays_byte_for_byte():
    existing = "# mine\r\nB=1"
    assert env_example([Needed(name="A", purposes=("one\nB=2",))], existing) == "# mine\r\nB=1\r\n# one\\nB=2\r\nA=\r\n"
