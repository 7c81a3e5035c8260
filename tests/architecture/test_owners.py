"""Each outside library has one owner (``design.md``, 'Layers'), and commands import what they need when they run."""

import subprocess
import sys

import grimp
import pytest

OWNERS = {
    "click": "fbsync.cli",
    "dotenv": "fbsync.env_files",
    "yaml": "fbsync.strict_yaml",
    "jsonschema": "fbsync.schema.misfits",
    "httpx": "fbsync.client.library",
    "httpx2": "fbsync.client.library",
    "httpcore": "fbsync.client.library",
    "httpcore2": "fbsync.client.library",
    "certifi": "fbsync.client.trust",
    "obstore": "fbsync.stores.objects",
    "fastapi": "fbsync.sandbox",
    "starlette": "fbsync.sandbox",
    "uvicorn": "fbsync.sandbox",
    "sqlite3": "fbsync.sandbox",
}


@pytest.fixture(scope="module")
def graph():
    return grimp.build_graph("fbsync", include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_a_library_has_one_owner(graph, library, owner):
    users = graph.find_modules_that_directly_import(library)
    assert users, f"nobody imports {library}: is it still needed?"
    assert {user for user in users if user != owner and not user.startswith(f"{owner}.")} == set()


def modules_after(statement):
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_command_line_itself_loads_little():
    loaded = modules_after("import fbsync.cli")
    assert loaded & {"httpx", "jsonschema", "yaml", "dotenv", "asyncio", "fastapi", "uvicorn", "obstore"} == set()


@pytest.mark.parametrize("command", ["plan", "validate", "env"])
def test_commands_without_requests_do_not_pay_for_them(command, tmp_path):
    (tmp_path / "fbsync.yaml").write_text("version: 1\nllms: []\n")
    argv = [command, "-f", str(tmp_path / "fbsync.yaml"), "--format", "json"]
    loaded = modules_after(f"from fbsync.cli import main\nassert main({argv!r}) == 0")
    assert loaded & {"httpx", "httpx2", "httpcore", "httpcore2", "fastapi", "uvicorn", "sqlite3"} == set()


REVEALERS = {
    "fbsync.client.probe",
    "fbsync.client.requests",
    "fbsync.client.transport",
    "fbsync.foreign_text.redactor",
    "fbsync.state.fingerprint",
    "fbsync.model.secret",
    "fbsync.settings",
}


def test_secrets_are_revealed_in_few_places():
    """The value is needed for a request, a fingerprint and the check of a token's characters, and for nothing else."""
    from pathlib import Path

    import fbsync

    root = Path(fbsync.__file__).parent
    using = {
        ".".join(("fbsync", *path.relative_to(root).with_suffix("").parts))
        for path in root.rglob("*.py")
        if ".reveal()" in path.read_text(encoding="utf-8")
    }
    assert using == REVEALERS
