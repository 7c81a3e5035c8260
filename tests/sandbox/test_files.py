"""Bad seed files and fault scripts: every mistake is found, named by its place, and no value is shown."""

import json
import sqlite3
from contextlib import closing

import pytest
from sandboxes import running

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.sandbox.database import Database
from fbsync.sandbox.fault_script import read_fault_script
from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.seed_file import read_seed


def seed_of(path):
    return read_seed(path, known_workspaces=("ws-sandbox",))


def messages(read, path):
    with pytest.raises(InvalidInput) as caught:
        read(path)
    assert caught.value.exit_code == ExitCode.INVALID_INPUT
    assert all(finding.position.file == str(path) and finding.remedy for finding in caught.value.findings)
    return [finding.message for finding in caught.value.findings]


@pytest.mark.parametrize("read", [read_fault_script, seed_of])
def test_a_file_that_is_not_there_or_no_json_is_said_to_be(tmp_path, read):
    [message] = messages(read, tmp_path / "none.json")
    assert message == "the file cannot be read: No such file or directory"
    (tmp_path / "bad.json").write_text('{"rules": [,]}')
    [message] = messages(read, tmp_path / "bad.json")
    assert "line 1 column 12" in message


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        ({}, "rules[0].action: is required"),
        ({"action": "refuse"}, "rules[0].action: "),
        ({"action": {}}, "rules[0].action: needs a type"),
        ({"action": {"type": "canary"}}, "rules[0].action: "),
        ({"action": {"type": "status"}}, "rules[0].action.status.status: is required"),
        ({"action": {"type": "status", "status": "500"}}, "rules[0].action.status.status: "),
        ({"action": {"type": "status", "status": 600}}, "rules[0].action.status.status: "),
        ({"action": {"type": "status", "status": 500, "headers": {"X": "a\nb"}}}, "rules[0].action.status.headers.X: "),
        ({"action": {"type": "refuse", "canary": 1}}, "rules[0].action.refuse.canary: is not allowed here"),
        ({"action": {"type": "refuse"}, "times": 0}, "rules[0].times: "),
        ({"action": {"type": "refuse"}, "match": {"nth": -1}}, "rules[0].match.nth: "),
        ({"action": {"type": "refuse"}, "match": {"method": "post"}}, "rules[0].match.method: "),
        ({"action": {"type": "refuse"}, "match": {"path": "ai"}}, "rules[0].match.path: "),
        ({"action": {"type": "refuse"}, "match": {"pathRegex": "("}}, "rules[0].match.pathRegex: is not a regular"),
        ({"action": {"type": "refuse"}, "match": {"chance": 2}}, "rules[0].match.chance: "),
        ({"action": {"type": "slow", "before": -1}}, "rules[0].action.slow.before: "),
        ({"action": {"type": "throttle", "form": "weeks"}}, "rules[0].action.throttle.form: "),
    ],
)
def test_a_mistake_in_a_fault_script_is_named_by_its_place(tmp_path, rule, place):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"rules": [rule]}))
    [message] = messages(read_fault_script, path)
    assert message.startswith(place)


def test_every_mistake_in_a_file_is_found_at_once(tmp_path):
    path = tmp_path / "faults.json"
    path.write_text(json.dumps({"rules": [{}, {"action": {"type": "refuse"}, "times": -1}], "seeed": 1}))
    assert len(messages(read_fault_script, path)) == 3


def test_mistakes_in_a_seed_file_are_named_and_its_secrets_are_not_shown(tmp_path):
    llm = {"workspaceId": "ws-none", "name": "A", "aiType": "OPENAI", "endpoint": "https://a.example"}
    llm["secret"] = "canary"
    seed = {
        "users": [{"email": "Admin@sandbox.example", "password": "canary", "roles": {"ws-other": "READ"}}],
        "configurations": [llm, llm],
        "apiKeys": [{"id": "k", "workspaceId": "ws-none", "provider": "AWS", "key": "canary", "secret": "canary"}],
        "repositories": [{"workspaceId": "ws-sandbox", "name": "R", "uses": ["B"]}],
    }
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed))
    found = messages(seed_of, path)
    assert found == [
        "users[0].roles: there is no workspace 'ws-other'",
        "apiKeys[0]: there is no workspace 'ws-none'",
        "configurations[0]: there is no workspace 'ws-none'",
        "configurations[1]: there is no workspace 'ws-none'",
        "users[0].email: a built-in user has this address",
        "configurations[1]: the same as configurations[0]",
    ]
    llm["secret"] = ["canary"]
    path.write_text(json.dumps(seed))
    assert not any("canary" in message for message in messages(seed_of, path))


def test_seeded_configurations_have_a_secret_or_a_stored_key(tmp_path):
    llm = {"workspaceId": "ws-sandbox", "aiType": "OPENAI"}
    seed = {
        "configurations": [
            llm | {"name": "A", "endpoint": "https://a.example"},
            llm | {"name": "B", "secret": "canary"},
            llm | {"name": "C", "apiKeyUuid": "canary"},
            llm | {"name": "D", "apiKeyUuid": "k", "secret": "canary"},
            llm | {"name": "E", "apiKeyUuid": "k"},
        ],
        "apiKeys": [{"id": "k", "workspaceId": "ws-sandbox", "provider": "AWS", "key": "canary", "secret": "canary"}],
    }
    path = tmp_path / "seed.json"
    path.write_text(json.dumps(seed))
    assert messages(seed_of, path) == [
        "configurations[0]: needs an endpoint and a secret, or an apiKeyUuid",
        "configurations[1]: needs an endpoint and a secret, or an apiKeyUuid",
        "configurations[2].apiKeyUuid: its workspace has no such key",
        "configurations[3]: a secret or a key cannot be combined with an apiKeyUuid",
    ]


def test_a_bad_file_stops_the_start_with_its_findings(tmp_path):
    with pytest.raises(InvalidInput), running(SandboxOptions(faults=tmp_path / "none.json")):
        pytest.fail("the sandbox has started")
    with pytest.raises(InvalidInput), running(SandboxOptions(seed=tmp_path / "none.json")):
        pytest.fail("the sandbox has started")


@pytest.mark.parametrize("content", [b"no database, just text, and long enough to be looked at" * 20, None])
def test_a_file_that_is_no_sandbox_database_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "other.db"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(FbsyncError, match="cannot be opened") as caught, running(SandboxOptions(db=path)):
        pytest.fail("the sandbox has started")
    assert caught.value.hint
    assert content is None or path.read_bytes() == content


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE mine (x)")
        other.commit()
    before = path.read_bytes()
    with pytest.raises(FbsyncError, match="not a database of this sandbox version"):
        Database(path)
    assert path.read_bytes() == before
