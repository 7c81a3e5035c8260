"""Impossible sign-ins: every missing or wrong variable is named before any request."""

import json

import pytest
from cli_world import MANIFEST
from selection import few_of

from fbsync.schema.validate import Kind, validate

NO_TOKEN = {"FLASHBACK_TOKEN": None}


def canary(name):
    return f"canary-{name.lower()}-5e1f"


WRONG = [
    # what is set, the exit code, the message, the hint
    ({}, 4, "there are no credentials to sign in with", "set FLASHBACK_TOKEN, or"),
    (
        {"FLASHBACK_TOKEN": ""},
        4,
        "there are no credentials to sign in with: $FLASHBACK_TOKEN is empty",
        "set FLASHBACK_TOKEN",
    ),
    ({"FLASHBACK_EMAIL": "me@example.com"}, 4, "$FLASHBACK_PASSWORD is not set", "set FLASHBACK_PASSWORD as well"),
    ({"FLASHBACK_PASSWORD": canary("p")}, 4, "$FLASHBACK_EMAIL is not set", "set FLASHBACK_EMAIL as well"),
    (
        {"FLASHBACK_EMAIL": "me@example.com", "FLASHBACK_PASSWORD": ""},
        4,
        "$FLASHBACK_PASSWORD is empty",
        "set FLASHBACK_PASSWORD as well",
    ),
    ({"FLASHBACK_TOKEN": f"Bearer {canary('t')}"}, 3, '$FLASHBACK_TOKEN starts with "Bearer"', "set FLASHBACK_TOKEN"),
    ({"FLASHBACK_TOKEN": "$MY_TOKEN"}, 3, "$FLASHBACK_TOKEN is an unresolved reference", "set FLASHBACK_TOKEN"),
    ({"FLASHBACK_REFRESH_TOKEN": "op://Vault/token"}, 3, "_REFRESH_TOKEN is the address of a secret", "set FLASHBACK_"),
    ({"FLASHBACK_TOKEN": f"'{canary('t')}'"}, 3, "$FLASHBACK_TOKEN has quotes around it", "set FLASHBACK_TOKEN"),
    ({"FLASHBACK_REFRESH_TOKEN": f"{canary('t')}\n"}, 3, "$FLASHBACK_REFRESH_TOKEN", "set FLASHBACK_REFRESH_TOKEN"),
    (
        {"FLASHBACK_EMAIL": canary("e"), "FLASHBACK_PASSWORD": "x"},
        3,
        "$FLASHBACK_EMAIL is not an email",
        "set FLASHBACK_EMAIL",
    ),
]


@pytest.mark.parametrize(("given", "code", "message", "hint"), WRONG)
@pytest.mark.parametrize("command", few_of(["apply", "drift", "workspaces", "doctor"], "apply", "doctor"))
def test_the_variable_is_named(project, server, command, given, code, message, hint):
    done = project(command, env=NO_TOKEN | given)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert message in said
    assert hint in said
    assert "canary" not in said.replace("canary-two", "")
    assert [request for request in server.requests if request.path != "/health"] == []


@pytest.mark.parametrize(("given", "message"), [(given, message) for given, _, message, _ in WRONG])
def test_it_comes_together_with_the_variables_that_are_missing(project, server, given, message):
    missing = {"SECRET_ONE": None, "KEY_TWO": "", "FLASHBACK_WORKSPACE_ID": None}
    done = project("apply", env=NO_TOKEN | missing | given)
    assert done.returncode == 3
    assert message in done.stderr
    for name in missing:
        assert f"${name}" in done.stderr
    assert server.requests == []
    document = json.loads(project("apply", "--format", "json", env=NO_TOKEN | missing | given).stdout)
    assert validate(Kind.RESULT, document) == ()
    assert [finding["rule"] for finding in document["findings"]].count("sign-in") == 1


def test_what_the_lockfile_has_already_is_not_asked_for(project):
    project("apply")
    project.write(
        "fbsync.yaml", MANIFEST + "  - {name: New, aiType: GOOGLE, endpoint: 'https://n.example', secret: $NEW}\n"
    )
    done = project("apply", env=NO_TOKEN | {"SECRET_ONE": None})
    assert done.returncode == 3
    assert "$NEW" in done.stderr
    assert "SECRET_ONE" not in done.stderr
