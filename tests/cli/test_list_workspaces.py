"""``workspaces``: what the token can see, by the contract, and with care where the contract is silent."""

import json

import pytest
from recorder import Reply

from fbsync.schema.validate import Kind, validate

ME = {"success": True, "data": {"id": "u-1", "email": "me@example.com"}}
THEM = {"userId": "u-2", "role": "READ", "user": {"id": "u-2", "email": "canary-them@example.com"}}
MINE = {"userId": "u-1", "role": "WRITE", "user": {"id": "u-1", "email": "me@example.com"}}


def answers(server, profile, *workspaces):
    listed = Reply(body={"success": True, "workspaces": list(workspaces)})
    server.replies = lambda request: {"/user/profile": profile, "/workspace": listed}[request.path]


def rows(done):
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert validate(Kind.RESULT, document) == ()
    return [(row["name"], row["id"], row["role"]) for row in document["workspaces"]]


def test_the_sandbox_in_a_folder_with_nothing_in_it(cli, workspace):
    done = cli("workspaces")
    assert done.returncode == 0, done.stderr
    head, *lines = done.stdout.splitlines()
    assert head.split() == ["NAME", "ID", "ROLE"]
    assert [line.split()[-1] for line in lines if workspace in line.split()] == ["ADMIN"]
    assert list(cli.folder.iterdir()) == []


def test_a_lockfile_of_another_server_does_not_matter(project):
    project("apply")
    path = project.folder / "fbsync.lock"
    path.write_text(path.read_text().replace(project.environment["FLASHBACK_API_URL"], "https://other.example.com"))
    assert project("workspaces").returncode == 0


def test_roles_are_ones_own_and_nothing_of_other_people_is_shown(cli, server):
    answers(
        server,
        Reply(body=ME),
        {"id": "b", "name": "Two", "users": [THEM]},
        {"id": "a", "name": "One", "users": [THEM, MINE]},
        {"id": "c", "name": "Wide 模型", "users": [{"email": "me@example.com", "role": "ADMIN"}, "odd", None]},
        {"id": "d", "name": "Zero"},
    )
    assert rows(cli("workspaces", "--format", "json")) == [
        ("One", "a", "WRITE"),
        ("Two", "b", None),
        ("Wide 模型", "c", "ADMIN"),
        ("Zero", "d", None),
    ]
    done = cli("workspaces", "-vv")
    assert "canary" not in done.stdout + done.stderr
    assert done.stdout.splitlines()[3] == "Wide 模型  c   ADMIN"


@pytest.mark.parametrize("profile", [Reply(status=404, body={"success": False}), Reply(body={"success": True})])
def test_without_a_profile_there_are_no_roles(cli, server, profile):
    answers(server, profile, {"id": "a", "name": "One", "users": [MINE]})
    assert rows(cli("workspaces", "--format", "json")) == [("One", "a", None)]


def test_none(cli, server):
    answers(server, Reply(body=ME))
    done = cli("workspaces")
    assert (done.returncode, done.stdout) == (0, "")
    assert "cannot see any workspace" in done.stderr


@pytest.mark.parametrize("format_", ["text", "json"])
def test_without_a_token(cli, server, format_):
    done = cli("workspaces", "--format", format_, env={"FLASHBACK_TOKEN": None})
    assert done.returncode == 4
    assert "FLASHBACK_TOKEN" in done.stdout + done.stderr
    assert server.requests == []
