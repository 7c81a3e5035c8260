"""``fbsync init``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.init_questions import PROVIDER_NAMES, SIGNING_IN, ask_providers, ask_state, ask_workspace, checked_id
from fbsync.cli.options import format_option
from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.cli.init_pipelines import Ci
    from fbsync.cli.init_templates import Start

_SUBMODULE = {
    "github": "The workflows use the action in .fbsync: add fbsync's repository there as a git submodule.",
    "gitlab": "The pipeline installs fbsync from .fbsync: add fbsync's repository there as a git submodule.",
    "none": "",
}


@click.command()
@click.option(
    "--provider",
    "providers",
    multiple=True,
    type=click.Choice(PROVIDER_NAMES, case_sensitive=False),
    help="Add an entry for this provider; may be repeated. [default: openai]",
)
@click.option(
    "--workspace-id",
    metavar="ID",
    callback=lambda _context, _parameter, value: checked_id(value),
    help="Use this workspace. [default: the variable FLASHBACK_WORKSPACE_ID]",
)
@click.option(
    "--ci",
    type=click.Choice(("github", "gitlab", "none")),
    help="Write a pipeline for this CI system. [default: the one that this folder uses]",
)
@click.option(
    "-e",
    "--environment",
    "environments",
    multiple=True,
    metavar="NAME",
    callback=lambda _context, _parameter, value: _checked_environments(value),
    help="Also declare this environment; may be repeated.",
)
@click.option(
    "--state",
    type=click.Choice(("file", "git")),
    help="Keep the known state in a lockfile, or in a ref of the git remote. [default: file]",
)
@click.option("--yes", is_flag=True, help="Skip all questions.")
@format_option("text", "json")
def init(
    providers: tuple[str, ...],
    workspace_id: str | None,
    ci: str | None,
    environments: tuple[str, ...],
    state: str | None,
    *,
    yes: bool,
    format_: str,
) -> int:
    """Start a project in this folder: a commented fbsync.yaml, .env.example, .gitignore lines and a CI pipeline.

    On a terminal, it asks for whatever you leave out; if you can sign in, it lists your workspaces. It overwrites
    nothing: an existing file stays unchanged or only gets missing lines.

    \b
    fbsync init
    fbsync init --provider openai --provider anthropic --ci github --yes
    fbsync init --provider openai -e staging
    fbsync init --ci github --state git
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.manifest.workspace_id import fault_of_workspace_id

    if workspace_id is not None and (fault := fault_of_workspace_id(workspace_id)) is not None:
        raise click.BadParameter(f"it {fault}; use the id that `fbsync workspaces` lists", param_hint="--workspace-id")
    root = Path()
    is_new = not (root / "fbsync.yaml").exists()
    start, system = _start(
        root,
        providers=providers,
        workspace_id=workspace_id,
        ci=ci,
        environments=environments,
        state=state,
        asks=is_new and not yes and format_ == "text" and terminal.can_ask(),
    )
    done: list[tuple[Path, str]] = []
    try:
        variables = _write_missing(done, root, start, system)
    except FbsyncError:
        if format_ == "text":
            for path, what in done:
                terminal.say(f"{path}: {what}")
        raise
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        files = [{"path": str(path), "done": str(what)} for path, what in done]
        terminal.out(dump(result_document("init", ExitCode.DONE, files=files)))
    else:
        terminal.out("".join(f"{path}: {what}\n" for path, what in done))
        terminal.say("\n".join(_next_steps(done, system, variables, start)))
    return ExitCode.DONE


def _start(
    root: Path,
    *,
    providers: tuple[str, ...],
    workspace_id: str | None,
    ci: str | None,
    environments: tuple[str, ...],
    state: str | None,
    asks: bool,
) -> tuple[Start, Ci]:
    """Combine the options with the answers to questions about missing ones."""
    from fbsync.cli.init_pipelines import Ci, found_ci
    from fbsync.cli.init_templates import Start

    chosen = None
    if asks and not providers:
        providers = ask_providers()
    if asks and workspace_id is None:
        chosen = ask_workspace()
        workspace_id = None if chosen is None else chosen.id
    system = found_ci(root) if ci is None else Ci(ci)
    if asks and state is None and system is not Ci.NONE:
        state = ask_state()
    start = Start(
        providers=providers or ("openai",),
        workspace_id=workspace_id,
        workspace=chosen,
        environments=environments,
        state=state if state != "file" else None,
    )
    return start, system


def _checked_environments(names: tuple[str, ...]) -> tuple[str, ...]:
    from fbsync.variables import check_environment_name

    for name in names:
        check_environment_name(name)
    return tuple(dict.fromkeys(names))


def _write_missing(done: list[tuple[Path, str]], root: Path, start: Start, ci: Ci) -> tuple[str, ...]:
    """Write the missing files. Add each file's result to ``done``, which keeps them if a later file fails.

    Returns:
        The names of the variables that the manifest needs.
    """
    from fbsync.cli.init_pipelines import pipelines
    from fbsync.cli.init_templates import manifest, with_ignored
    from fbsync.cli.write_once import add_to
    from fbsync.manifest.assemble import read_manifest
    from fbsync.render.env_example import env_example, needed
    from fbsync.schema.validate import SCHEMA_FILE, Kind, schema_text
    from fbsync.workflow.declared_state import find_state

    path = root / "fbsync.yaml"

    def put(file: Path, made: str) -> None:
        done.append((file, add_to(file, lambda existing: made if not file.exists() else existing)))

    put(path, manifest(start))
    if SCHEMA_FILE in path.read_text(encoding="utf-8", errors="replace"):
        put(root / SCHEMA_FILE, schema_text(Kind.MANIFEST))
    uses = read_manifest([path]).uses(None)
    variables = needed((use.variable, use.purpose) for use in uses)
    example = root / ".env.example"
    done.append((example, add_to(example, lambda existing: env_example(variables, existing))))
    ignore = root / ".gitignore"
    done.append((ignore, add_to(ignore, with_ignored)))
    state = find_state([path])  # also works for a manifest that already existed
    there = root / ".gitlab-ci.yml"
    gitlab_ci = there.read_text(encoding="utf-8", errors="replace") if there.is_file() else None
    names = tuple(sorted({use.variable for use in uses}))
    for pipeline in pipelines(ci, names, start.environments, state=state, gitlab_ci=gitlab_ci):
        put(root / pipeline.path, pipeline.text)
    return names


def _next_steps(done: list[tuple[Path, str]], ci: Ci, variables: Sequence[str], start: Start) -> Iterator[str]:
    """Yield command lines to run in this order, then steps that no command does."""
    made_up = "".join(f"{name}=made-up " for name in variables if name != "FLASHBACK_WORKSPACE_ID")
    workspace = "" if start.workspace_id is None else f"--workspace {quote(start.workspace_id)} "
    commands = [
        (f"{made_up}fbsync sandbox run {workspace}-- fbsync apply", "a rehearsal: no account, no real key"),
        ("cp .env.example .env", "then fill it in"),
        ("fbsync env", "see what is still missing"),
        *_state_commands(start),
        ("fbsync plan", "see what would change"),
    ]
    yield "Next:"
    yield from (f"  {command:<24}  # {about}" for command, about in commands)
    yield from SIGNING_IN
    if _SUBMODULE[ci]:
        yield _SUBMODULE[ci]
    if any(path.name == "fbsync.gitlab-ci.yml" for path, _ in done):
        yield "Include fbsync.gitlab-ci.yml in your .gitlab-ci.yml."


def _state_commands(start: Start) -> Iterator[tuple[str, str]]:
    """Yield the commands that create the known state in a store."""
    if start.state is not None:
        yield "fbsync state init", "once: create the known state in the remote origin"
        yield from ((f"fbsync state init -e {name}", f"the same for {name}") for name in start.environments)
