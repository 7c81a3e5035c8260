"""The contract that programs rely on: for every command and format, in every situation, the exit code of the
table, one document on stdout if one was requested, and nothing on the wrong stream (``design.md``, 'Exit codes')."""

import json
import subprocess
import sys

import fbsync_process
import pytest
from cli_world import MANIFEST, unused_workspace
from recorder import Reply
from selection import few_of, few_where

from fbsync.schema.validate import Kind, validate

COMMANDS = {
    "validate": ["validate"],
    "plan": ["plan"],
    "plan --refresh": ["plan", "--refresh"],
    "show": ["show", "reviewed.json"],
    "show a result": ["show", "result.json"],
    "apply": ["apply"],
    "drift": ["drift"],
    "verify": ["verify"],
    "init": ["init"],
    "doctor": ["doctor"],
    "export": ["export", "--workspace", "WORKSPACE"],
    "workspaces": ["workspaces"],
    "env": ["env"],
    "env --all-environments": ["env", "--all-environments", "--check"],
    "plan --all-environments": ["plan", "--all-environments"],
    "drift --all-environments": ["drift", "--all-environments"],
    "state list": ["state", "list"],
    "state show": ["state", "show", "One"],
    "state forget": ["state", "forget", "One", "--yes"],
}
OF_ALL = tuple(command for command in COMMANDS if command.endswith("--all-environments"))
ASKS_THE_SERVER = (*("plan --refresh", "apply", "drift", "drift --all-environments", "verify", "export", "workspaces"),)
READS_THE_MANIFEST = ("validate", "plan", "plan --refresh", "apply", "drift", "verify", "env", *OF_ALL)
READS_THE_LOCKFILE = (
    *("plan --all-environments", "drift --all-environments"),
    *("plan", "plan --refresh", "apply", "drift", "verify", "export"),
    *("state list", "state show", "state forget"),
)


KEPT = ("fbsync.lock", "reviewed.json", "result.json")
CREDENTIALS = {"SECRET_ONE": "canary-one-5e1f0c", "SECRET_TWO": "canary-two-77aa01", "KEY_TWO": "canary-key-0d93be"}


@pytest.fixture(scope="module")
def workspace():
    """One workspace for all tests of this module, since none of them changes its contents."""
    return unused_workspace()


@pytest.fixture(scope="module")
def known(sandbox, workspace, tmp_path_factory):
    """The lockfile and the result of the apply that all tests here begin with, and a plan saved after it."""
    folder = tmp_path_factory.mktemp("applied")
    (folder / "fbsync.yaml").write_text(MANIFEST)
    server = {"FLASHBACK_API_URL": sandbox.url, "FLASHBACK_TOKEN": sandbox.token, "FLASHBACK_WORKSPACE_ID": workspace}
    for arguments in (["apply", "--result", "result.json"], ["plan", "--out", "reviewed.json"]):
        fbsync_process.run(*arguments, cwd=folder, env=server | CREDENTIALS).check_returncode()
    return [(folder / name).read_text().replace(sandbox.url, "{url}") for name in KEPT]


@pytest.fixture
def project(project, known, server):
    assert project.credentials == CREDENTIALS
    project.known, project.saved_plan, project.result = (text.replace("{url}", server.url) for text in known)
    return project


@pytest.fixture
def begun(project):
    """A project with its own workspace, where nothing was applied yet."""
    project.environment["FLASHBACK_WORKSPACE_ID"] = unused_workspace()
    return project


def applied(project, server):
    project.write("fbsync.lock", project.known)
    project.write("reviewed.json", project.saved_plan)
    project.write("result.json", project.result)


def wrong_manifest(project, server):
    applied(project, server)
    project.write("fbsync.yaml", MANIFEST.replace("OPENAI", "OPENAPI"))


def no_manifest(project, server):
    applied(project, server)
    (project.folder / "fbsync.yaml").unlink()


def wrong_lockfile(project, server):
    applied(project, server)
    path = project.folder / "fbsync.lock"
    path.write_text(path.read_text()[:-30])


def wrong_environment(project, server):
    applied(project, server)
    project.arguments = ["-e", "nowhere"]


def no_token(project, server):
    applied(project, server)
    project.environment.pop("FLASHBACK_TOKEN")


def denied(project, server):
    applied(project, server)
    server.replies = lambda request: Reply(status=401, body={"success": False, "message": "no"})


def broken_server(project, server):
    applied(project, server)
    server.replies = lambda request: Reply(status=500, body={"success": False, "message": "no"})


def wrong_plan(project, server):
    applied(project, server)
    path = project.folder / "reviewed.json"
    path.write_text(path.read_text()[:-30])


def wrong_result(project, server):
    applied(project, server)
    path = project.folder / "result.json"
    path.write_text(path.read_text().replace('"created"', '"invented"'))


def unknown_option(project, server):
    applied(project, server)
    project.arguments = ["--no-such-option"]


def unexpected_argument(project, server):
    applied(project, server)
    project.arguments = ["one", "argument", "too", "many"]


ALL = tuple(COMMANDS)
SITUATIONS = [
    # situation, exit code, the commands that end with it (all others end with 0)
    (applied, 0, ALL),
    (wrong_manifest, 3, READS_THE_MANIFEST),
    (no_manifest, 3, READS_THE_MANIFEST),
    (wrong_lockfile, 3, READS_THE_LOCKFILE),
    (wrong_environment, 3, tuple(command for command in READS_THE_MANIFEST if command not in OF_ALL)),
    (wrong_environment, 64, OF_ALL),
    (wrong_plan, 3, ("show",)),
    (wrong_result, 3, ("show a result",)),
    (no_token, 4, ASKS_THE_SERVER),
    (denied, 4, ASKS_THE_SERVER),
    (broken_server, 1, tuple(command for command in ASKS_THE_SERVER if command != "verify")),
    (unknown_option, 64, ALL),
    (unexpected_argument, 64, tuple(command for command in ALL if command != "validate")),
]
CASES = [
    pytest.param(situation, code, command, format_, id=f"{format_}-{situation.__name__}-{command.replace(' ', '-')}")
    for format_ in ("text", "json")
    for situation, code, commands in SITUATIONS
    for command in commands
]
"""By default, each command ends in each situation with a document, and in two of them as text."""


def arguments(project, command, format_):
    fast = ["--retry-timeout", "0"] if command in ASKS_THE_SERVER else []
    workspace = project.environment["FLASHBACK_WORKSPACE_ID"]
    words = [workspace if word == "WORKSPACE" else word for word in COMMANDS[command]]
    return [*words, "--format", format_, *fast, *getattr(project, "arguments", [])]


@pytest.mark.parametrize(
    ("situation", "code", "command", "format_"),
    few_where(CASES, lambda case: case.values[3] == "json" or case.values[0] in (no_manifest, denied)),
)
def test_every_ending(project, server, situation, code, command, format_):
    situation(project, server)
    project.printed.clear()
    before = len(server.writes)
    done = project(*arguments(project, command, format_))
    assert done.returncode == code, (done.stdout, done.stderr)
    if format_ == "json":
        check_document(done, command)
    elif code and command != "validate" and command not in OF_ALL:
        assert done.stdout == ""
        assert done.stderr
    assert len(server.writes) == before


def check_document(done, command):
    """Check that there is exactly one document and nothing else, and that it fits its schema and has the exit code."""
    document = json.loads(done.stdout)
    kind = Kind.PLAN if "resource_changes" in document else Kind.RESULT
    assert validate(kind, document) == ()
    assert document["exit_code"] == done.returncode
    assert document["command"].startswith(command.split()[0])
    if done.returncode not in (0, 2, 5):
        assert done.stderr == "" or "warning" in done.stderr


@pytest.mark.parametrize("command", ALL)
@pytest.mark.parametrize("format_", few_of(["text", "json"], "text"))
def test_an_output_that_takes_nothing(project, server, command, format_):
    """If stdout goes to a full disk, that is an error without a traceback, and fbsync's own files are complete."""
    applied(project, server)
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        variables = {**project.environment, **project.credentials}
        options = arguments(project, command, format_)
        done = fbsync_process.run(*options, cwd=project.folder, env=variables, stdout=full)
    assert done.returncode == 1
    assert "the output cannot be written: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert validate(Kind.LOCKFILE, json.loads((project.folder / "fbsync.lock").read_text())) == ()


@pytest.mark.parametrize("command", few_of(ALL, "validate", "plan", "drift", "state list"))
def test_a_reader_that_went_away(project, server, command):
    applied(project, server)
    line = " ".join(arguments(project, command, "json"))
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m fbsync {line} | true; exit ${{PIPESTATUS[0]}}"],
        cwd=project.folder,
        env={**project.environment, **project.credentials},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1)
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


def test_changes_are_pending(begun):
    assert begun("plan", "--detailed-exitcode", "--format", "json").returncode == 2


def test_partly_applied(begun, server):
    server.replies = lambda request: Reply(status=400, body={}) if request.body.get("name") == "One" else None
    done = begun("apply", "--format", "json")
    assert done.returncode == 5
    check_document(done, "apply")


def test_a_missing_variable(begun):
    done = begun("apply", "--format", "json", env={"SECRET_ONE": None})
    assert done.returncode == 3
    check_document(done, "apply")


def refused(project, server):
    """A plan that apply would refuse: one deletion too many, and one of a protected entry."""
    applied(project, server)
    project.write("fbsync.yaml", MANIFEST[: MANIFEST.index("  - name: Two")])
    project.write("fbsync.lock", project.known.replace('"name": "Two"', '"name": "Two", "protect": true'))


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
@pytest.mark.parametrize("where", [(), ("--refresh",), ("--all-environments",), ("--detailed-exitcode",)], ids="".join)
def test_a_plan_that_apply_would_refuse(project, server, format_, where):
    refused(project, server)
    done = project("plan", "--prune", "--max-deletes", "0", "--format", format_, *where)
    assert done.returncode == 8, done.stderr
    for reason in ("is protected", "--max-deletes"):
        assert reason in done.stdout
    if format_ == "json":
        check_document(done, "plan")
        document = json.loads(done.stdout)
        for part in document.get("environments", ()):
            assert part["exit_code"] == part["plan"]["exit_code"] == 8
    else:
        assert "apply would refuse" in done.stdout.replace("`", "")
    assert server.writes == []


def test_a_refused_plan_is_saved_and_shown(project, server):
    refused(project, server)
    assert project("plan", "--prune", "--max-deletes", "0", "--out", "refused.json").returncode == 8
    done = project("show", "refused.json", "--format", "json")
    assert done.returncode == 0
    check_document(done, "show")
    assert len(json.loads(done.stdout)["refusals"]) == 2


BOTH = MANIFEST + "environments: {staging: {llms: {Two: null}}, broken: {llms: {Two: {endpoint: $ADDRESS}}}}\n"


@pytest.mark.parametrize("command", OF_ALL)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_one_environment_that_fails_gives_its_code_to_all(project, server, command, format_):
    applied(project, server)
    project.write("fbsync.yaml", BOTH)
    done = project(*COMMANDS[command], "--format", format_, env={"ADDRESS": "no URL at all"})
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert "staging" in done.stdout
    if format_ == "json":
        check_document(done, command)
        parts = {part["environment"]: part for part in json.loads(done.stdout)["environments"]}
        assert list(parts) == [None, "staging", "broken"]
        assert [part["exit_code"] for part in parts.values()] == [0, 0, 3]


def moved_outside(project, server):
    """The list shows an endpoint that somebody changed."""
    applied(project, server)
    rows = [
        {"id": one["id"], "workspaceId": one["workspaceId"], "name": one["name"], "aiType": one["aiType"]}
        | {"endpoint": one["endpoint"].replace("one.example", "moved.example"), "key": None, "repos": []}
        for one in json.loads(project.known)["llms"]
    ]
    body = {"success": True, "aiLlms": rows}
    server.replies = lambda request: Reply(body=body) if request.path.startswith("/ai/llm?") else None


@pytest.mark.parametrize(
    ("situation", "arguments", "code"),
    [
        (moved_outside, ["One"], 0),
        (moved_outside, ["O*"], 0),
        (applied, ["One"], 3),
        (moved_outside, ["Nobody"], 3),
        (wrong_manifest, ["One"], 3),
        (wrong_lockfile, ["One"], 3),
        (no_token, ["One"], 4),
        (denied, ["One"], 4),
        (broken_server, ["One", "--retry-timeout", "0"], 1),
        (moved_outside, ["One", "--all-environments"], 64),
    ],
)
@pytest.mark.parametrize("format_", ["text", "json"])
def test_every_ending_of_accepting_a_drift(project, server, situation, arguments, code, format_):
    situation(project, server)
    before = (project.folder / "fbsync.yaml").read_text()
    done = project("drift", "--accept", *arguments, "--format", format_)
    assert done.returncode == code, (done.stdout, done.stderr)
    after = (project.folder / "fbsync.yaml").read_text()
    assert after == (before.replace("one.example", "moved.example") if code == 0 else before)
    if format_ == "json":
        check_document(done, "drift")
    elif code:
        assert done.stdout == ""
        assert done.stderr
    assert server.writes == []
