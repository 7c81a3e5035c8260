"""Complete environments and entry names in the shell, from files and never from a server.

A broken file completes to nothing: a completion must not get in the way.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    from fbsync.manifest.assemble import Manifest
    from fbsync.workflow.target import Where


def environments(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments that the manifest declares."""
    return _beginning_like(lambda: _read_manifest(context).variants, incomplete)


def declared_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the entry names of the manifest, in the given environment, and of the lockfile."""
    names = _beginning_like(lambda: _declared_names(context), incomplete)
    return list(dict.fromkeys([*names, *known_names(context, parameter, incomplete)]))


def known_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the entry names of the lockfile."""
    return _beginning_like(lambda: _known_names(context), incomplete)


def _beginning_like(names: Callable[[], Iterable[str]], incomplete: str) -> list[str]:
    """The names that begin with the typed text, except those with line breaks and other unprintable characters."""
    try:
        return [name for name in dict.fromkeys(names()) if name.startswith(incomplete) and name.isprintable()]
    except Exception:  # noqa: BLE001 - better no completion than an error in the user's prompt
        return []


def _read_manifest(context: click.Context) -> Manifest:
    from fbsync.manifest.assemble import read_manifest

    return read_manifest(_where_so_far(context).files)


def _declared_names(context: click.Context) -> Iterable[str]:
    drafts = _read_manifest(context).in_environment(context.params.get("environment"))
    return (draft.name for draft in drafts if draft.name is not None)


def _known_names(context: click.Context) -> Iterable[str]:
    """The names in the lockfile, or in the manifest if a store has the state: completion never waits for a store."""
    from fbsync.state import lockfile

    where = _where_so_far(context)
    if where.is_shared:
        return _declared_names(context)
    known = lockfile.read_lockfile(where.lock_path)
    return () if known is None else (llm.name for llm in known.llms)


def _where_so_far(context: click.Context) -> Where:
    """The target by the options to the left of the word. click has not filled in the others yet."""
    from fbsync.strict_yaml.source_bytes import STANDARD_INPUT
    from fbsync.workflow.declared_state import find_target

    # Standard input is the terminal: a completion must not read from it.
    return find_target(
        files=tuple(path for path in map(Path, context.params.get("files") or ()) if path != STANDARD_INPUT),
        environment=context.params.get("environment"),
        env_files=(),
        lock_file=context.params.get("lock_file"),
        state=None,
        api_url=None,
        variables=os.environ,
    )
