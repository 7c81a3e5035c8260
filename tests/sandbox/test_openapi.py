"""The OpenAPI document is complete, and schemathesis finds nothing that the server does otherwise.

A longer run: SCHEMATHESIS_HOOKS=tests/sandbox/unique_names.py fbsync sandbox run -- sh -c 'schemathesis run
"$FLASHBACK_API_URL/openapi.json" -H "Authorization: Bearer $FLASHBACK_TOKEN" --checks all --max-examples 1000'
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

HOOKS = Path(__file__).with_name("unique_names.py")
CALLS = {
    "POST /ai/llm": {200, 400, 401, 403, 500},
    "GET /ai/llm": {200, 401, 403, 500},
    "GET /ai/llm/available": {200, 401, 500},
    "GET /ai/llm/stats": {200, 401, 404, 500},
    "PUT /ai/llm/{llm_id}": {200, 400, 401, 403, 404, 500},
    "DELETE /ai/llm/{llm_id}": {200, 401, 403, 404, 500},
    "POST /ai/llm/{llm_id}/validate": {200, 401, 403, 404, 500},
    "POST /user/login": {200, 400, 401, 500},
    "POST /user/refresh": {200, 400, 401, 500},
    "GET /user/profile": {200, 401, 500},
    "GET /workspace": {200, 401, 500},
    "GET /workspace/{workspace_id}": {200, 401, 404, 500},
    "GET /health": {200, 500},
}
OPEN = {"POST /user/login", "POST /user/refresh", "GET /health"}


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
            assert response["content"]["application/json"]["schema"]["$ref"]


@pytest.mark.parametrize("examples", [3, pytest.param(30, marks=pytest.mark.thorough)])
def test_schemathesis_finds_nothing(sandbox, tmp_path, examples):
    done = schemathesis(sandbox, tmp_path, "--max-examples", str(examples))
    assert done.returncode == 0, done.stdout[-5000:]
    assert "13 selected / 13 total" in done.stdout


def test_schemathesis_would_find_something(tmp_path):
    lie = {"type": "status", "status": 200, "body": {"success": True, "workspaces": "none"}}
    script = {"rules": [{"match": {"path": "/workspace", "after": 1}, "action": lie}]}
    (tmp_path / "faults.json").write_text(json.dumps(script))
    with running(SandboxOptions(faults=tmp_path / "faults.json")) as sandbox:
        assert httpx.get(f"{sandbox.url}/health").status_code == 200
        done = schemathesis(sandbox, tmp_path, "--max-examples", "5", "--include-path", "/workspace")
    assert done.returncode == 1
    assert "violates schema" in done.stdout
