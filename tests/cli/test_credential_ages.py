"""The age of credentials on the command line: shown, a warning above the maximum, an error with --strict."""

import json

import pytest
from cli_world import MANIFEST

from fbsync.schema.validate import Kind, validate

OLD = "2001-01-01"


@pytest.fixture
def old(project):
    """An applied project whose first entry got its credential long ago."""
    project("apply", "--yes")
    value = project.lockfile
    value["llms"][0]["secret"]["sentOn"] = OLD
    project.write("fbsync.lock", json.dumps(value))
    return project


def with_maximum(project, age):
    project.write("fbsync.yaml", MANIFEST.replace("version: 1\n", f"version: 1\nmaxCredentialAge: {age}\n"))


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_a_maximum_warns_of_what_is_older(old, command):
    assert "warning" not in old(command).stdout
    done = old(command, "--max-credential-age", "90d")
    assert done.returncode == 0
    assert f"its secret was last sent on {OLD}" in done.stdout
    assert done.stdout.count("last sent") == 1
    assert "(maximum age: 90 days)" in done.stdout
    assert old(command, "--max-credential-age", "90d", "--strict").returncode == 3
    assert old(command, "--strict").returncode == 0
    assert old(command, "--max-credential-age", "99999d", "--strict").returncode == 0


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_the_manifest_may_say_the_maximum_and_the_option_wins(old, command):
    with_maximum(old, "90d")
    assert "(maximum age: 90 days)" in old(command).stdout
    assert old(command, "--strict").returncode == 3
    assert old(command, "--strict", "--max-credential-age", "99999d").returncode == 0


@pytest.mark.parametrize("format_", ["json", "markdown", "html"])
@pytest.mark.parametrize("command", ["plan", "drift"])
def test_every_format_has_the_warning_and_the_exit_code(old, command, format_):
    done = old(command, "--max-credential-age", "90d", "--strict", "--format", format_)
    assert done.returncode == 3
    assert "ts secret was last sent on " in done.stdout
    assert OLD in done.stdout
    if format_ == "json":
        document = json.loads(done.stdout)
        assert document["exit_code"] == 3
        assert validate(Kind.PLAN if command == "plan" else Kind.RESULT, document) == ()


def test_json_has_every_age(old):
    planned = json.loads(old("plan", "--format", "json").stdout)
    ages = {change["name"]: change["credential_ages"] for change in planned["resource_changes"]}
    assert ages["One"] == [{"field": "secret", "sent_on": OLD, "days": ages["One"][0]["days"]}]
    assert [age["field"] for age in ages["Two"]] == ["key", "secret"]
    drifted = json.loads(old("drift", "--format", "json").stdout)["drift"]
    assert {"workspaceId": planned["resource_changes"][0]["workspaceId"], "name": "One", **ages["One"][0]} in (
        drifted["credential_ages"]
    )
    known = json.loads(old("state", "list", "--format", "json").stdout)
    assert validate(Kind.RESULT, known) == ()
    [secret] = known["state"]["entries"][0]["credentials"]
    assert (secret["sent_on"], secret["days"]) == (OLD, ages["One"][0]["days"])


def test_the_list_has_a_column_and_show_a_sentence(old):
    head, one, _ = old("state", "list").stdout.splitlines()
    assert head.endswith("CREDENTIAL AGE")
    days = json.loads(old("state", "show", "One", "--format", "json").stdout)["state"]["entries"][0]["credentials"][0]
    assert one.endswith(f"{days['days']} days")
    assert f"(sent on {OLD}, {days['days']} days ago, fingerprint known)" in old("state", "show", "One").stdout


def test_drift_names_the_oldest_credential(old):
    assert f"The oldest credential: One, secret sent on {OLD}, " in old("drift").stdout
    assert "oldest" not in old("drift", "--only", "Two").stdout


def test_rotating_it_ends_the_warning(old):
    with_maximum(old, "90d")
    old.credential("SECRET_ONE", "canary-one-rotated")
    assert "last sent" not in old("plan").stdout
    applied = old("apply", "--yes")
    assert applied.returncode == 0
    assert "last sent" not in applied.stdout
    assert old("plan", "--strict").returncode == 0


def test_apply_warns_too(old):
    done = old("apply", "--yes", "--max-credential-age", "90d")
    assert done.returncode == 0
    assert f"last sent on {OLD}" in done.stdout


def test_a_saved_plan_does_not_go_stale_by_ages(old):
    old.credential("SECRET_TWO", "canary-two-rotated")
    assert old("plan", "--out", "reviewed.json", "--max-credential-age", "90d").returncode == 0
    assert "credential_ages" in (old.folder / "reviewed.json").read_text()
    assert "last sent" in old("show", "reviewed.json").stdout
    assert old("apply", "reviewed.json").returncode == 0


def test_a_refusal_and_drift_come_before_and_after(old):
    old.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
    options = ("--max-credential-age", "90d", "--strict", "--detailed-exitcode")
    assert old("plan", "--prune", *options).returncode == 3
    assert old("plan", "--prune", "--max-deletes", "0", *options).returncode == 8


@pytest.mark.parametrize("command", ["plan", "drift"])
def test_all_environments_at_once(old, command):
    old.write("fbsync.yaml", MANIFEST + "environments: {staging: {}}\n")
    done = old(command, "--all-environments", "--max-credential-age", "90d", "--strict", "--format", "json")
    assert done.returncode == 3
    codes = {one["environment"]: one["exit_code"] for one in json.loads(done.stdout)["environments"]}
    assert codes == {None: 3, "staging": 0}


@pytest.mark.parametrize("given", ["90", "0d", "3w", ""])
def test_another_maximum_is_refused(project, given):
    done = project("plan", "--max-credential-age", given)
    assert done.returncode == 64
    assert "is not a number of days such as 90d" in done.stderr


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("90", '"maxCredentialAge" must be a string, but is a number'),
        ("3w", "a maximum age is a number of days, such as 90d"),
        ("0d", "a maximum age is a number of days, such as 90d"),
        ("$AGE", "a maximum age is a number of days, such as 90d"),
    ],
)
def test_another_maximum_in_the_manifest_is_a_finding(project, given, message):
    with_maximum(project, given)
    done = project("validate")
    assert done.returncode == 3
    assert "fbsync.yaml:2:19" in done.stdout
    assert message in done.stdout
    assert "fix: write" in done.stdout
    assert "90d" in done.stdout


def test_plan_fails_for_other_warnings_too(project):
    project.write(
        "fbsync.yaml", MANIFEST + "  - {name: AWS, aiType: AWS, endpoint: https://a.example.com, secret: $S}\n"
    )
    assert project("plan").returncode == 0
    assert project("plan", "--strict").returncode == 3
