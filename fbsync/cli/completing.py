"""What the shell completes beside options: environments and entries' names, read from files and never from a server.

A file that is broken or slow to say so completes to nothing: a completion must not get in the way.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

_VARIABLE = "_FBSYNC_COMPLETE"
"""By which click's scripts say that they want a completion, and for which shell."""


def environments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The environments that the manifest declares."""
    from fbsync.manifest.assemble import read_manifest

    try:
        return _fitting(read_manifest(_files(context)).variants, incomplete)
    except Exception:  # noqa: BLE001 - a completion says nothing rather than something wrong
        return []


def declared_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the entries of the manifest, and of the lockfile."""
    from fbsync.manifest.assemble import read_manifest

    try:
        names = [draft.name for draft in read_manifest(_files(context)).drafts if draft.name is not None]
    except Exception:  # noqa: BLE001 - as above
        names = []
    return _fitting([*names, *known_names(context, parameter, "", escape=False)], incomplete)


def known_names(
    context: click.Context, _parameter: click.Parameter, incomplete: str, *, escape: bool = True
) -> list[str]:
    """The names of the entries of the lockfile."""
    from fbsync import lockfile
    from fbsync.where import Where

    try:
        where = Where(
            files=_files(context),
            environment=context.params.get("environment"),
            lock_file=context.params.get("lock_file"),
        )
        known = lockfile.read(where.lock_path)
    except Exception:  # noqa: BLE001 - as above
        return []
    names = [llm.name for llm in known.llms] if known is not None else []
    return _fitting(names, incomplete) if escape else names


def _files(context: click.Context) -> tuple[Path, ...]:
    from fbsync.where import DEFAULT_MANIFEST

    return tuple(map(Path, context.params.get("files") or ())) or (DEFAULT_MANIFEST,)


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    """Those that begin like what is typed, as the shell wants them: bash puts them in as they are."""
    fitting = [name for name in dict.fromkeys(names) if name.startswith(incomplete) and "\n" not in name]
    words = os.environ.get("COMP_WORDS", "").split()
    is_quoted = bool(words) and words[-1].startswith(("'", '"'))
    for_bash = os.environ.get(_VARIABLE, "").startswith("bash")
    if not for_bash:
        return fitting
    words = fitting if is_quoted else [_escaped(name) for name in fitting]
    # The script reads them with bash's `read`, which takes backslashes for its own.
    return [word.replace("\\", "\\\\") for word in words]


def _escaped(name: str) -> str:
    """A word for a command line, with backslashes, so that what is typed stays its beginning."""
    safe = shlex.quote(name) == name
    return name if safe else "".join(c if c.isalnum() or c in "_-./@%+=:," else f"\\{c}" for c in name)
