"""Run a command at a terminal, with answers that are typed ahead."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time

_BEFORE_A_KEY_SECONDS = 0.1
"""In seconds. People take longer. If Ctrl-C came right before the read, Python would not notice it."""
_PATIENCE_SECONDS = 120


def at_a_terminal(cli, argv, answer, *, streams=("stdin", "stderr")):
    """Run a command with a terminal as some of its streams; return its exit status and what the terminal shows."""
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
    """Everything that was written to a terminal; one read may return only a part of it."""
    parts = []
    while select.select([keyboard], [], [], 0.2)[0]:
        parts.append(os.read(keyboard, 20_000))
    return b"".join(parts)


def conversation(cli, argv, *steps):
    """Run a command on its own terminal, where Ctrl-C is a signal.

    Args:
        cli: the folder and its environment.
        argv: the command's arguments.
        steps: pairs: a text, or an event, to wait for, and then what to type, a signal to send, or what to call.

    Returns:
        The exit status, and everything that the terminal showed.
    """
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-m", "fbsync", *argv],
        cwd=cli.folder,
        env={**cli.environment, **cli.credentials, "TERM": "xterm"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = ""
    try:
        for awaited, typed in steps:
            if isinstance(awaited, threading.Event):
                assert awaited.wait(60)
            else:
                seen += read_until(keyboard, awaited)
            if isinstance(typed, signal.Signals):
                time.sleep(_BEFORE_A_KEY_SECONDS)
                os.killpg(os.tcgetpgrp(keyboard), typed)
            elif callable(typed):
                typed()
            else:
                time.sleep(_BEFORE_A_KEY_SECONDS)
                os.write(keyboard, typed.encode())
        while part := read(keyboard):
            seen += part
    finally:
        os.close(keyboard)
    cli.printed.append(seen)
    return process.wait(), seen


CTRL_C = "\x03"
CTRL_D = "\x04"


def read_until(keyboard, text):
    """Read what a terminal shows until it has shown a text."""
    shown = ""
    while text not in shown:
        part = read(keyboard)
        assert part, f"it ended without {text!r}: {shown}"
        shown += part
    return shown


def read(keyboard):
    """Read what was written since the last read. Return nothing once nobody has the terminal open."""
    assert select.select([keyboard], [], [], _PATIENCE_SECONDS)[0], "the command says nothing, and does not end"
    try:
        return os.read(keyboard, 20_000).decode(errors="replace")
    except OSError:
        return ""
