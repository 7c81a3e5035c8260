"""``show``: a saved plan again, in every format, from the file alone."""

import json

import pytest
from cli_world import MANIFEST

from fbsync.schema.validate import Kind, validate

ENVIRONMENT = "environments: {staging: {llms: {Two: {endpoint: https://two.staging.example.com}}}}\n"


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_it_is_what_plan_printed(project, server, format_):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENT)
    project("apply", "-e", "staging")
    project.write("fbsync.yaml", (MANIFEST + ENVIRONMENT).replace("one.example.com", "uno.example.com"))
    planned = project("plan", "-e", "staging", "--format", format_, "--out", "reviewed.json", env={"SECRET_TWO": None})
    (project.folder / "fbsync.yaml").unlink()
    (project.folder / "fbsync.staging.lock").unlink()
    requests = len(server.requests)
    shown = project("show", "reviewed.json", "--format", format_, env={"FLASHBACK_TOKEN": None})
    assert shown.returncode == planned.returncode == 0, shown.stderr
    if format_ == "json":
        document = json.loads(shown.stdout)
        assert validate(Kind.PLAN, document) == ()
        assert "saved" not in document
        assert document == {**json.loads(planned.stdout), "command": "show"}
    else:
        assert shown.stdout == planned.stdout
        assert "staging" in shown.stdout
        assert server.url in shown.stdout
    assert len(server.requests) == requests


def test_it_names_variables_when_asked_to(project):
    project("apply")
    project("plan", "--out", "reviewed.json", env={"SECRET_TWO": None})
    assert "SECRET_TWO" not in project("show", "reviewed.json").stdout
    assert "$SECRET_TWO: its variable is not set here (Two)" in project("show", "reviewed.json", "-v").stdout


def test_markdown_keeps_its_limit(project):
    project("plan", "--out", "reviewed.json")
    done = project("show", "reviewed.json", "--format", "markdown", "--max-chars", "250")
    assert len(done.stdout) <= 250
    assert "**Plan: 2 to add" in done.stdout


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.json", None, "there is no such saved plan"),
        ("printed.json", "{printed}", "was printed, not saved"),
        ("cut.json", '{"format_version": "2.0"', "cut short"),
        ("other.json", '{"version": 1, "llms": []}', "changed by hand or by a tool"),
    ],
)
def test_what_is_no_saved_plan_is_refused(project, name, text, said, format_):
    if text is not None:
        project.write(name, text.replace("{printed}", project("plan", "--format", "json").stdout))
    done = project("show", name, "--format", format_)
    assert done.returncode == 3
    assert said in done.stdout + done.stderr
    if format_ == "json":
        assert validate(Kind.RESULT, json.loads(done.stdout)) == ()


def test_a_plan_is_needed(cli):
    assert cli("show").returncode == 64
