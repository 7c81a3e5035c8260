"""``show``: a saved plan or a result in every format, from the file alone."""

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
        ("1.0", "has format version 1.0, which this fbsync no longer supports", "make a new plan"),
        ("0.9", "has format version 0.9, which this fbsync no longer supports", "make a new plan"),
        (
            "3.0",
            "has format version 3.0, which is newer than this fbsync supports",
            "use the fbsync version that wrote it",
        ),
        (
            "2.1",
            "has format version 2.1, which is newer than this fbsync supports",
            "use the fbsync version that wrote it",
        ),
    ],
)
def test_a_plan_of_another_format_is_one_sentence(project, server, command, format_, version, said, todo):
    """fbsync cannot judge the content of another format, so it reports nothing else in the file."""
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


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_what_was_done_is_shown_from_its_result(project, server, command, format_):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENT)
    if command == "destroy":
        project("apply", "-e", "staging")
    done = project(command, "-e", "staging", "--yes", "--result", "result.json")
    assert done.returncode == 0, done.stderr
    requests = len(server.requests)
    shown = project("show", "result.json", "--format", format_, env={"FLASHBACK_TOKEN": None})
    assert shown.returncode == 0, shown.stderr
    assert len(server.requests) == requests
    if format_ == "json":
        document = json.loads((project.folder / "result.json").read_text())
        assert json.loads(shown.stdout) == {**document, "command": "show"}
        assert document["environment"] == "staging"
        return
    word = "2 added" if command == "apply" else "2 destroyed"
    assert word in shown.stdout
    for text in ("staging", server.url, "One", "Two"):
        assert text in shown.stdout
    if format_ == "text":
        assert done.stdout.endswith(shown.stdout.partition("\n\n")[2])
    if format_ == "markdown":
        assert shown.stdout.startswith(f"<!-- fbsync-{command}:staging -->\n")


def test_the_result_of_an_apply_of_a_saved_plan_names_its_environment_also_when_it_failed(project):
    project.write("fbsync.yaml", MANIFEST + ENVIRONMENT)
    project("plan", "-e", "staging", "--out", "reviewed.json")
    project.write("fbsync.yaml", (MANIFEST + ENVIRONMENT).replace("one.example.com", "uno.example.com"))
    done = project("apply", "reviewed.json", "--result", "result.json")
    assert done.returncode == 6
    comment = project("show", "result.json", "--format", "markdown").stdout
    assert comment.startswith("<!-- fbsync-apply:staging -->\n")
    assert "**`fbsync apply` ended with 6**" in comment
    assert "the saved plan is stale" in comment
    assert "uno.example.com" in comment


def test_findings_are_shown_from_the_result_of_what_failed(project):
    project.write("fbsync.yaml", MANIFEST.replace("aiType: OPENAI", "aiType: OPENAJ"))
    assert project("apply", "--result", "result.json").returncode == 3
    shown = project("show", "result.json")
    assert "fbsync.yaml:5:13: " in shown.stdout
    assert "fix: write OPENAI" in shown.stdout
    printed = project("plan", "--format", "json")
    project.write("printed.json", printed.stdout)
    comment = project("show", "printed.json", "--format", "markdown").stdout
    assert comment.startswith("<!-- fbsync-plan:default -->\n")
    assert "`fbsync.yaml:5:13`" in comment


def test_a_result_that_has_no_rendering_is_refused(project):
    project.write("result.json", project("env", "--format", "json").stdout)
    done = project("show", "result.json")
    assert done.returncode == 3
    assert "has no rendering for this result" in done.stderr
    project.write("result.json", '{"format_version": "1.0", "command": "apply", "exit_code": 0, "entries": [{}]}')
    done = project("show", "result.json")
    assert done.returncode == 3
    assert "changed by hand or by a tool" in done.stderr


def test_a_document_is_needed(cli):
    assert cli("show").returncode == 64


@pytest.mark.parametrize("version", ["1.1", "2.0"])
def test_a_result_of_a_newer_format_is_one_sentence(project, version):
    project.write("new.json", json.dumps({"format_version": version, "command": "apply", "exit_code": 0, "new": 1}))
    done = project("show", "new.json")
    assert done.returncode == 3
    assert f"has format version {version}, which is newer than this fbsync supports" in done.stderr
    assert "1 error\n" in done.stderr
