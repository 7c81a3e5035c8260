"""Import what runs of fbsync import, in the process that forks them."""

from __future__ import annotations

import gc
import pkgutil
from contextlib import suppress
from importlib import import_module

_LIBRARIES = (
    "_strptime",
    "anyio._backends._asyncio",
    "anyio.streams.tls",
    "attrs",
    "certifi",
    "click._termui_impl",
    "click._textwrap",
    "concurrent.futures.thread",
    "difflib",
    "encodings.ascii",
    "encodings.idna",
    "encodings.utf_8_sig",
    "httpcore._async.http11",
    "httpcore._backends.anyio",
)
"""What a run would import while it runs."""
_OPTIONAL = ("httpcore2._async.http11", "httpcore2._backends.anyio", "obstore.store", "truststore._openssl")
"""What a run would import if it is installed."""


def preload(*, sandbox: bool = False) -> None:
    """Import fbsync and what it uses, but not the program, which each run executes.

    Args:
        sandbox: whether the sandbox's server is forked. Its framework makes the forks of all others slower.
    """
    # First the module that reports sniffio as missing: every run imports it before the libraries that look for sniffio.
    import_module("fbsync.cli.event_loop")
    package = import_module("fbsync")
    passed_over = ("fbsync.__main__", "fbsync.sandbox.__main__" if sandbox else "fbsync.sandbox.")
    names = [found.name for found in pkgutil.walk_packages(package.__path__, "fbsync.")]
    for name in (*(name for name in names if not name.startswith(passed_over)), *_LIBRARIES):
        import_module(name)
    for name in _OPTIONAL:
        with suppress(ImportError):
            import_module(name)
    _prepare_schemas()
    gc.collect()
    gc.freeze()


def _prepare_schemas() -> None:
    """Let the forks begin with the schemas read and their patterns compiled."""
    from fbsync.schema.validate import Kind, validate

    for kind in Kind:
        validate(kind, {})
