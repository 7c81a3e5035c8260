"""Places: folders with a manifest of a given size, its variables, and the command to run there."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
WORKSPACE = "ws-benchmark"
TYPES = ("OPENAI", "GOOGLE", "ANTHROPIC", "OTHER")


def manifest(entries: int, secrets: int, *, workspaces: int = 1, host: str = "llm") -> str:
    """A manifest whose entries all have different endpoints, which is the harder case."""
    lines = ["version: 1", f"workspaceId: {WORKSPACE}", "llms:"]
    for number in range(entries):
        lines += [
            f"  - name: Configuration {number}",
            f"    aiType: {TYPES[number % len(TYPES)]}",
            f"    endpoint: https://{host}-{number}.example.com/v1",
            f"    secret: $SECRET_{number % secrets}",
            *([f"    workspaceId: {WORKSPACE}-{number % workspaces}"] if workspaces > 1 else []),
        ]
    return "\n".join(lines) + "\n"


def bodies(entries: int, secrets: int) -> list[dict[str, str]]:
    """The bodies of the requests that create these entries."""
    values = credentials(secrets)
    return [
        {
            "name": f"Configuration {number}",
            "aiType": TYPES[number % len(TYPES)],
            "endpoint": f"https://llm-{number}.example.com/v1",
            "secret": values[f"SECRET_{number % secrets}"],
            "workspaceId": WORKSPACE,
        }
        for number in range(entries)
    ]


def credentials(secrets: int) -> dict[str, str]:
    """Different fake values, by variable."""
    return {f"SECRET_{number}": f"sk-benchmark-{number:04}-abcdefghijklmnopqrstuvwxyz" for number in range(secrets)}


def environment(secrets: int = 0, **more: str) -> dict[str, str]:
    """This process's ordinary variables, and those of the manifest.

    Python keeps bytecode, as for an installed program.
    """
    left_out = ("PYTHONDONTWRITEBYTECODE", "FLASHBACK_", "FBSYNC_", "TF_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return kept | credentials(secrets) | more


def fbsync(*arguments: str) -> tuple[str, ...]:
    """The command that is installed with this interpreter."""
    script = Path(sys.executable).with_name("fbsync")
    return (str(script), *arguments) if script.exists() else (sys.executable, "-m", "fbsync", *arguments)


def folder(root: Path, name: str, *, entries: int, secrets: int, workspaces: int = 1) -> Path:
    """A new folder with a manifest."""
    made = root / name
    made.mkdir()
    (made / "fbsync.yaml").write_text(manifest(entries, secrets, workspaces=workspaces), encoding="utf-8")
    return made


def found(program: str) -> str | None:
    """The path of a program, next to this interpreter or on the PATH."""
    beside = Path(sys.executable).with_name(program)
    return str(beside) if beside.exists() else shutil.which(program)


def libraries(root: Path) -> dict[str, dict[str, str]]:
    """The HTTP libraries by name, each with the variables that make fbsync use it."""
    hidden = root / "without-httpx2"
    hidden.mkdir(exist_ok=True)
    (hidden / "httpx2.py").write_text("raise ImportError\n", encoding="utf-8")
    found = {"httpx": {"PYTHONPATH": str(hidden)}}
    return {"httpx2": {}, **found} if find_spec("httpx2") else {"httpx": {}}
