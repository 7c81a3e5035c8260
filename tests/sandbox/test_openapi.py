"""The OpenAPI document is complete, and schemathesis finds no difference between it and the server.

A longer run: SCHEMATHESIS_HOOKS=tests/sandbox/unique_names.py fbsync sandbox run -- sh -c 'schemathesis run
"$FLASHBACK_API_URL/openapi.json" -H "Authorization: Bearer $FLASHBACK_TOKEN" --checks all --max-examples 1000'
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import jsonschema
import pytest
from sandboxes import running

from fbsync.sandbox.options import SandboxOptions

HOOKS = Path(__file__).with_name("unique_names.py")
CALLS = {
    "POST /ai/llm": {200, 400, 401, 403, 404, 500},
    "GET /ai/llm": {200, 401, 403, 500},
    "GET /ai/llm/available": {200, 401, 403, 500},
    "GET /ai/llm/stats": {200, 401, 403, 404, 500},
    "PUT /ai/llm/{llm_id}": {200, 400, 401, 403, 404, 500},
    "DELETE /ai/llm/{llm_id}": {200, 401, 403, 404, 500},
    "POST /ai/llm/{llm_id}/validate": {200, 401, 403, 404, 500},
    "POST /apikeys": {200, 400, 401, 403, 500},
    "GET /apikeys": {200, 400, 401, 403, 500},
    "PUT /apikeys/{api_key_id}": {200, 400, 401, 403, 404, 500},
    "DELETE /apikeys/{api_key_id}": {200, 401, 403, 404, 500},
    "POST /user/login": {200, 400, 401, 500},
    "POST /user/refresh": {200, 400, 401, 500},
    "POST /user/logout": {200, 400, 401, 500},
    "POST /mfa/verify-login": {200, 400, 401, 500},
    "GET /user/profile": {200, 401, 403, 500},
    "GET /token": {200, 401, 403, 500},
    "DELETE /token/{token_id}": {200, 401, 403, 404, 500},
    "GET /workspace": {200, 401, 403, 500},
    "GET /workspace/{workspace_id}": {200, 401, 403, 404, 500},
    "GET /health": {200, 500},
}
OPEN = {"POST /user/login", "POST /user/refresh", "POST /user/logout", "GET /health"}


def schemathesis(sandbox, folder, *options):
    return subprocess.run(
        [
            *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{sandbox.url}/openapi.json"),
            *("-H", f"Authorization: Bearer {sandbox.token}", "--checks", "all", "--seed", "1", "--no-color"),
            *("--generation-deterministic", *options),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=folder,
        env=os.environ | {"SCHEMATHESIS_HOOKS": str(HOOKS)},
    )


def test_the_document_declares_every_call_its_statuses_and_its_security(anyone):
    document = anyone.get("/openapi.json").json()
    operations = {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    declared = {call: set(map(int, operation["responses"])) for call, operation in operations.items()}
    assert declared == CALLS
    assert {call for call, operation in operations.items() if "security" not in operation} == OPEN
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for operation in operations.values():
        assert operation["summary"]
        assert all(parameter["description"] for parameter in operation.get("parameters", ()))
        for response in operation["responses"].values():
            assert response["content"]["application/json"]["schema"].keys() & {"$ref", "anyOf"}


def test_a_mock_made_of_the_document_says_success_where_a_200_means_it(anyone):
    document = anyone.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    said = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            said[f"{method.upper()} {path}"] = schemas[name]["properties"].get("success", {}).get("const")
    assert {call for call, constant in said.items() if constant is not True} == {
        "GET /health",
        "POST /ai/llm/{llm_id}/validate",
    }


def test_every_example_obeys_its_own_schema(anyone):
    document = anyone.get("/openapi.json").json()
    examples = list(examples_of(document, "#"))
    assert len(examples) > 20
    for pointer, example in examples:
        schema = {"$ref": pointer, "components": document["components"], "paths": document["paths"]}
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(example)


def examples_of(node, pointer):
    """Every example with the JSON pointer of its schema."""
    if isinstance(node, list):
        for at, item in enumerate(node):
            yield from examples_of(item, f"{pointer}/{at}")
    elif isinstance(node, dict):
        if node.keys() & {"type", "anyOf", "$ref", "properties"}:
            yield from ((pointer, example) for example in [*node.get("examples", ()), *_one(node)])
        for name, item in node.items():
            if name not in {"example", "examples"}:
                yield from examples_of(item, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")


def _one(node):
    return [node["example"]] if "example" in node else []


@pytest.mark.thorough
def test_schemathesis_finds_nothing(sandbox, tmp_path):
    done = schemathesis(sandbox, tmp_path, "--max-examples", "30")
    assert done.returncode == 0, done.stdout[-5000:]
    assert f"{len(CALLS)} selected / {len(CALLS)} total" in done.stdout


@pytest.mark.thorough
def test_schemathesis_would_find_something(tmp_path):
    lie = {"type": "status", "status": 200, "body": {"success": True, "workspaces": "none"}}
    script = {"rules": [{"match": {"path": "/workspace", "after": 1}, "action": lie}]}
    (tmp_path / "faults.json").write_text(json.dumps(script))
    with running(SandboxOptions(faults=tmp_path / "faults.json")) as sandbox:
        assert httpx.get(f"{sandbox.url}/health").status_code == 200
        done = schemathesis(sandbox, tmp_path, "--max-examples", "5", "--include-path", "/workspace")
    assert done.returncode == 1
    assert "violates schema" in done.stdout
