"""``fbsync export``."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option
from fbsync.cli.server_options import Asking, asking_options
from fbsync.cli.target_options import TargetOptions, api_url_option, env_file_before_option, lock_file_options
from fbsync.model.errors import ExitCode
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fbsync.export.build import Export
    from fbsync.model.configurations import Identity
    from fbsync.model.live import LiveLlm
    from fbsync.workflow.project import Project

_PATH = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.option(
    "--workspace", "workspaces", multiple=True, metavar="ID|NAME", help="Export this workspace only; may be repeated."
)
@click.option("-f", "--file", "file", type=_FILE, metavar="FILE", help="Use this manifest. [default: fbsync.yaml]")
@env_file_before_option
@lock_file_options
@api_url_option
@format_option("text", "json")
@asking_options
def export(
    workspaces: tuple[str, ...],
    file: Path | None,
    env_files: tuple[Path, ...],
    lock_file: Path | None,
    api_url: str | None,
    format_: str,
    **asking: Any,  # noqa: ANN401 - one for each option
) -> int:
    """Export what is on the server as a manifest with references for the credentials, and a lockfile.

    Without --workspace, it exports every workspace that you can see. An existing manifest keeps its entries, comments
    and order; new entries are added to it. `.env.example` gets the names of the variables, and `.gitignore` the files
    that do not belong in git. Editors check a new manifest with fbsync.schema.json.

    The server never shows a credential, so none is exported. Set the variables; the next `fbsync apply` sends
    them. `fbsync apply --assume-secrets` sends none: it assumes that the server already has them. The server may
    not show an AWS configuration's access key id either: its `key:` is then a comment.

    What a manifest cannot express is left out and listed with the reason; the exit code is then 5. If the manifest
    exists, set the variables that its workspaceIds need; unless you name workspaces, also those of its environments.

    \b
    fbsync export
    fbsync export --workspace ws-research -f research.yaml
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.cli.store import writable
    from fbsync.workflow.inputs import no_inputs, read_inputs
    from fbsync.workflow.project import load_project

    files = () if file is None else (file,)
    target = TargetOptions(files=files, environment=None, env_files=env_files, lock_file=lock_file, api_url=api_url)
    where = target.where()
    inputs = (read_inputs if where.files[0].exists() else no_inputs)(where, os.environ)
    with writable(where, lock_timeout=0) as (place, _):
        project = load_project(replace(inputs, where=place), online=True)
        _check_settled(project)
        project, listed, elsewhere = _server_content(project, workspaces, Asking(**asking))
        made = _export(project, listed, elsewhere)
        written = _write_files(made)
    code = ExitCode.PARTLY_APPLIED if made.left_out else ExitCode.DONE
    _report(made, written, code, json=format_ == "json")
    return code


def _check_settled(project: Project) -> None:
    from fbsync.model.errors import FbsyncError

    if project.open_intents:
        raise FbsyncError(
            terminal.open_intents_note(project.open_intents), hint="run `fbsync apply` first, then export"
        )


def _server_content(
    project: Project, workspaces: tuple[str, ...], how: Asking
) -> tuple[Project, tuple[LiveLlm, ...], frozenset[Identity]]:
    """List the server's configurations in the given workspaces, or in all.

    Returns:
        The project with the ids of its workspaces, the configurations, and the identities that other environments
        declare.

    Raises:
        InvalidInput: a variable is not set, so an entry's workspace is unknown. It is then unclear what the manifest
            already has.
    """
    from fbsync.cli.server_session import session
    from fbsync.export.matching import other_environments
    from fbsync.workflow.checks import check_workspaces
    from fbsync.workflow.memberships import resolve_names
    from fbsync.workflow.refresh import resolve_workspaces

    check_workspaces(project)
    others = other_environments(project)
    if not workspaces:
        for other in others:
            check_workspaces(other)
    with session(project, how) as connection:

        async def ask() -> tuple[Project, tuple[LiveLlm, ...], frozenset[Identity]]:
            resolved = await resolve_workspaces(connection.server, project)
            elsewhere = [await resolve_workspaces(connection.server, other) for other in others]
            ids = await resolve_names(connection.server, workspaces)
            lists = [(await connection.server.list_llms(workspace)).llms for workspace in ids or (None,)]
            llms = tuple({llm.id: llm for listed in lists for llm in listed}.values())
            return resolved, llms, frozenset(llm.identity for other in elsewhere for llm in other.desired)

        return connection.run(ask())


def _export(project: Project, listed: tuple[LiveLlm, ...], elsewhere: frozenset[Identity]) -> Export:
    from fbsync.export.build import export as make
    from fbsync.manifest.sources import shown_path

    path = project.where.files[0]
    return make(project, listed, path=path, shown_as=shown_path(path), elsewhere=elsewhere)


def _write_files(made: Export) -> list[tuple[Path, str]]:
    """Write the files, the lockfile last: the next export continues with entries that are only in the manifest.

    Raises:
        FbsyncError: a file cannot be written; the message says which files were written before.
    """
    from fbsync.model.errors import FbsyncError

    written: list[tuple[Path, str]] = []
    try:
        for path, write in _files(made):
            written.append((path, write()))
    except FbsyncError as error:
        if not written:
            raise
        done = ", ".join(f"{path} ({what})" for path, what in written)
        hint = "fix that, then run `fbsync export` again: it continues from there"
        raise FbsyncError(f"{error.message}; already done: {done}", hint=hint, exit_code=error.exit_code) from error
    return written


def _files(made: Export) -> Iterator[tuple[Path, Callable[[], str]]]:
    from fbsync.cli.init_templates import with_ignored
    from fbsync.cli.write_once import Done, add_to
    from fbsync.render.env_example import env_example
    from fbsync.schema.validate import SCHEMA_FILE, SCHEMA_LINE, Kind, schema_text
    from fbsync.state import lockfile

    def write_lockfile() -> str:
        had = made.lock_path.exists()
        lockfile.write_lockfile(made.lock_path, made.lockfile)
        return Done.ADDED_TO if had else Done.WRITTEN

    example, ignore = made.path.parent / ".env.example", made.path.parent / ".gitignore"
    yield made.path, lambda: add_to(made.path, made.merged)
    if made.text.startswith(f"# {SCHEMA_LINE}\n"):
        schema = made.path.parent / SCHEMA_FILE
        yield schema, lambda: add_to(schema, lambda existing: existing or schema_text(Kind.MANIFEST))
    yield example, lambda: add_to(example, lambda existing: env_example(made.needed, existing))
    yield ignore, lambda: add_to(ignore, with_ignored)
    if made.lockfile != made.on_disk:
        yield made.lock_path, write_lockfile


def _report(made: Export, written: list[tuple[Path, str]], code: ExitCode, *, json: bool) -> None:
    for left in made.left_out:
        name = f"{visible(left.live.name)} (workspace {visible(left.live.workspace_id)}, id {visible(left.live.id)})"
        terminal.say(f"warning: left out: {name}: {visible(left.reason)}")
    for name in made.differing:
        terminal.say(f"note: {visible(name)} differs from the manifest: see `fbsync plan --refresh`")
    if json:
        from fbsync.render.document import dump, result_document

        files = [{"path": str(path), "done": str(done)} for path, done in written]
        terminal.out(dump(result_document("export", code, entries=made.entries, files=files)))
        return
    lines = [f"{path}: {done}" for path, done in written]
    counts = f"Exported: {len(made.added)} added, {len(made.kept)} already there, {len(made.left_out)} left out."
    terminal.out("\n".join([*lines, counts, ""]))
