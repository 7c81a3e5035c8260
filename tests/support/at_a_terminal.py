"""A command at a terminal at which somebody has typed an answer already."""

import os
import pty
import select
import subprocess
import sys


def at_a_terminal(cli, argv, answer, *, streams=("stdin", "stderr")):
    """Run a command of which some streams are a terminal; return its exit status and what the terminal shows."""
    keyboard, terminal = pty.openpty()
    given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    try:
        os.write(keyboard, f"{answer}\n".encode())
        done = subprocess.run(
            [sys.executable, "-m", "fbsync", *argv],
            cwd=cli.folder,
            env={**cli.environment, **cli.credentials},
            **{**given, **dict.fromkeys(streams, terminal)},
            check=False,
        )
        return done.returncode, shown(keyboard).decode() + (done.stderr or b"").decode()
    finally:
        os.close(keyboard)
        os.close(terminal)


def shown(keyboard):
    """All that was written to a terminal; one read may give but a part of it."""
    parts = []
    while select.select([keyboard], [], [], 0.2)[0]:
        parts.append(os.read(keyboard, 20_000))
    return b"".join(parts)
