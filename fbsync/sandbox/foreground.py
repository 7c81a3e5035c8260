"""Run a command in the foreground: pass on the terminal, signals and the exit code."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

NOT_EXECUTABLE: Final = 126
NOT_FOUND: Final = 127
_KILLED: Final = 128
"""Exit codes of shells: those for commands that cannot run, and the offset for signals."""

_PASSED_ON = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
)
_AWAITED = {*_PASSED_ON, signal.SIGCHLD}
_SENT_BY_KERNEL: Final = 0x80
_PR_SET_PDEATHSIG: Final = 1


def run_in_foreground(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end.

    With a terminal, the command shares our process group. It can then ask questions, and Ctrl-C and Ctrl-Z
    reach it from the terminal itself. Without a terminal, it has a separate group. Otherwise, ``timeout`` and
    CI systems, which signal our whole group, would reach it twice.

    Args:
        command: the program and its arguments.
        environment: its environment.

    Returns:
        Its exit code, as in a shell: if a signal killed it, 128 plus the signal's number.

    Raises:
        FileNotFoundError: the program does not exist.
        OSError: it cannot be executed.
    """
    own_group = not _has_terminal()
    with _signals_held() as original:
        process = subprocess.Popen(  # noqa: S603 - the user's own command
            command,
            env=environment,
            process_group=0 if own_group else None,
            preexec_fn=_preparation(original),  # noqa: PLW1509 - this process has one thread
        )
        while process.poll() is None:
            _pass_on_next_signal(process, own_group=own_group)
    return process.returncode if process.returncode >= 0 else _KILLED - process.returncode


@contextmanager
def _signals_held() -> Iterator[set[int]]:
    """Hold back the signals that we wait for, so that none is lost or ends this process. Yield the previous mask."""
    previous = signal.signal(signal.SIGCHLD, lambda *_: None)  # Some systems drop signals that are ignored by default.
    original = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    try:
        yield {int(number) for number in original}
    finally:
        # Signals that came after the command's end were meant for the command.
        while signal.sigpending() & _AWAITED:
            signal.sigwait(_AWAITED)
        signal.pthread_sigmask(signal.SIG_SETMASK, original)
        signal.signal(signal.SIGCHLD, previous)


def _pass_on_next_signal(process: subprocess.Popen[bytes], *, own_group: bool) -> None:
    """Wait for a signal (also for the command's end), and pass it on unless the command already got it."""
    number, from_terminal = _next_signal(own_group=own_group)
    if number == signal.SIGCHLD or from_terminal or process.poll() is not None:
        return
    with suppress(ProcessLookupError, PermissionError):  # It has ended, or it runs as another user now.
        (os.killpg if own_group else os.kill)(process.pid, number)


def _next_signal(*, own_group: bool) -> tuple[int, bool]:
    """Wait for the next signal. Return it, and whether the terminal sent it to our whole process group."""
    if sys.platform == "darwin":
        # The sender is unknown. A signal that a key can send is assumed to come from the keyboard.
        number = signal.sigwait(_AWAITED)
        return number, not own_group and number in {signal.SIGINT, signal.SIGQUIT}
    info = signal.sigwaitinfo(_AWAITED)
    return info.si_signo, not own_group and info.si_code == _SENT_BY_KERNEL


def _has_terminal() -> bool:
    """Whether this process has a controlling terminal."""
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _preparation(mask: set[int]) -> Callable[[], None]:
    """Return what the command's process does before it runs the command.

    It restores the signals that we hold back. If the kernel supports it, it asks for a SIGTERM when our
    process ends, because SIGKILL gives us no time to pass anything on.
    """
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    parent = os.getpid()

    def prepare() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(_KILLED + signal.SIGTERM)
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    return prepare
