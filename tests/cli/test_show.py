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
        ("printed.json", "{printed}", "was printed with --format json, not saved"),
        ("cut.json", '{"format_version": "2.0"', "cut off"),
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


@pytest.mark.parametrize("command", ["show", "apply"])
@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize(
    ("version", "said", "todo"),
    [
        ("1.0", "has format version 1, which this fbsync no longer supports", "make a new plan"),
        ("0.9", "has format version 0, which this fbsync no longer supports", "make a new plan"),
        (
            "3.0",
            "has format version 3, which is newer than this fbsync supports",
            "use the fbsync version that wrote it",
        ),
    ],
)
def test_a_plan_of_another_format_is_one_sentence(project, server, command, format_, version, said, todo):
    """Whatever else such a file holds, nobody is told to correct it."""
    project("plan", "--out", "reviewed.json")
    saved = json.loads((project.folder / "reviewed.json").read_text())
    for name in ("variable_files", "comparison", "refusals"):
        del saved[name]
    project.write("old.json", json.dumps(saved | {"format_version": version, "timestamp": "2026-01-01T00:00:00Z"}))
    done = project(command, "old.json", "--format", format_)
    assert done.returncode == 3
    assert server.writes == []
    if format_ == "text":
        assert done.stdout == ""
        assert said in done.stderr
        assert todo in done.stderr
        assert "1 error\n" in done.stderr
    else:
        document = json.loads(done.stdout)
        assert validate(Kind.RESULT, document) == ()
        (finding,) = document["findings"]
        assert said in finding["message"]
        assert todo in finding["remedy"]


def test_a_plan_is_needed(cli):
    assert cli("show").returncode == 64
