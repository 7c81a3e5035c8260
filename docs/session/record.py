# ruff: noqa: INP001 - a script, no package
"""Records a session on a terminal: a rehearsal, a first apply, a second environment, and one that is destroyed.

    pip install -e '.[sandbox]'
    python docs/session/record.py

Every line is what the commands printed, on a terminal of their own, against a sandbox.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

HERE = Path(__file__).parent
CLEARED = re.compile(r"[^\n]*\r\x1b\[K")
ESCAPES = re.compile(r"\x1b\[[?0-9;]*[A-Za-z]|\r")
RANDOM_PORT = re.compile(r"127\.0\.0\.1:\d+")
RANDOM_FOLDER = re.compile(r"/tmp/fbsync-sandbox-\w+")  # noqa: S108
COMMANDS = (
    "fbsync init --provider openai --provider anthropic -e staging -e pr-123 --yes",
    "OPENAI_API_KEY=made-up ANTHROPIC_API_KEY=made-up fbsync sandbox run -- fbsync apply --yes",
    "fbsync workspaces",
    "printf '%s\\n' FLASHBACK_WORKSPACE_ID=ws-sandbox OPENAI_API_KEY=made-up-1 ANTHROPIC_API_KEY=made-up-2 > .env",
    "fbsync plan",
    "fbsync apply --yes",
    "printf '%s\\n' FLASHBACK_WORKSPACE_ID=ws-research OPENAI_API_KEY=made-up-3 > .env.staging",
    "fbsync apply -e staging --yes",
    "fbsync plan -e staging --refresh",
    "printf '%s\\n' FLASHBACK_WORKSPACE_ID=ws-preview > .env.pr-123",
    "fbsync apply -e pr-123 --yes",
    "fbsync destroy -e pr-123 --yes",
    "ls -A -1",
)


def on_a_terminal(command: str, folder: Path, environment: dict[str, str]) -> str:
    """Run a command on a terminal of its own; return what it showed, as it stands at the end, without colours."""
    near, far = pty.openpty()
    process = subprocess.Popen(  # noqa: S603 - the commands above
        ["/bin/bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=far, stderr=far
    )
    os.close(far)
    shown = b""
    try:
        while part := os.read(near, 4096):
            shown += part
    except OSError:
        pass  # the terminal's other end is closed: the command has ended
    os.close(near)
    if process.wait():
        raise SystemExit(f"{command}: exit {process.returncode}\n{shown.decode()}")
    return ESCAPES.sub("", CLEARED.sub("", shown.decode()))


def record() -> str:
    """The page."""
    lines = []
    with (
        tempfile.TemporaryDirectory(prefix="fbsync-session-") as folder,
        running(SandboxOptions(workspaces=("ws-preview",))) as sandbox,
    ):
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": folder,
            "TERM": "xterm",
            "COLUMNS": "100",
            "FLASHBACK_API_URL": sandbox.url,
            "FLASHBACK_TOKEN": sandbox.token,
        }
        place = Path(folder) / "models"
        place.mkdir()
        for command in COMMANDS:
            lines += [f"$ {command}", *on_a_terminal(command, place, environment).splitlines()]
    text = RANDOM_FOLDER.sub("/tmp/fbsync-sandbox", "\n".join(line.rstrip() for line in lines))  # noqa: S108
    text = RANDOM_PORT.sub("127.0.0.1:8787", text)
    return (
        "# From an empty folder to a preview environment and back\n\n"
        f"Recorded by [`record.py`](record.py), against the sandbox: {len(COMMANDS)} commands.\n"
        "\n"
        "<!-- not run: record.py runs it, on a terminal -->\n"
        f"```console\n{text}\n```\n"
    )


def main() -> None:
    """Write the page, or the file that is named."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "README.md"
    path.write_text(record(), encoding="utf-8")


if __name__ == "__main__":
    main()
