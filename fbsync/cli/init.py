"""``fbsync init``."""

from __future__ import annotations

import os
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option
from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.cli.init_templates import Ci, Start
    from fbsync.model.configurations import Workspace

_PROVIDERS = ("openai", "google", "anthropic", "aws", "other")
_SUBMODULE = {
    "github": "The workflows use the action in .fbsync: add fbsync's repository there as a git submodule.",
    "gitlab": "The pipeline installs fbsync from .fbsync: add fbsync's repository there as a git submodule.",
    "none": "",
}
_SIGNING_IN = (
    "Sign in with FLASHBACK_EMAIL and FLASHBACK_PASSWORD, and fbsync gets an access token by itself,",
    "or set FLASHBACK_TOKEN to an access token (from the response to POST /user/login; valid for one hour).",
    "Then `fbsync workspaces` shows the ids of your workspaces.",
)


@click.command()
@click.option(
    "--provider",
    "providers",
    multiple=True,
    type=click.Choice(_PROVIDERS, case_sensitive=False),
    help="Add an entry for this provider; may be repeated. [default: openai]",
)
@click.option(
    "--workspace-id",
    metavar="ID",
    callback=lambda _context, _parameter, value: _checked_id(value),
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
@click.option("--yes", is_flag=True, help="Skip all questions.")
@format_option("text", "json")
def init(
    providers: tuple[str, ...],
    workspace_id: str | None,
    ci: str | None,
    environments: tuple[str, ...],
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
    """  # noqa: D301 - click's mark for a block to leave as it is
    from fbsync.cli.init_templates import Ci, Start, found_ci
    from fbsync.manifest.workspace_id import fault_of_workspace_id

    root = Path()
    is_new = not (root / "fbsync.yaml").exists()
    asks = is_new and not yes and format_ == "text" and terminal.can_ask()
    chosen = None
    if asks and not providers:
        providers = _ask_providers()
    if workspace_id is not None and (fault := fault_of_workspace_id(workspace_id)) is not None:
        raise click.BadParameter(f"it {fault}; use the id that `fbsync workspaces` lists", param_hint="--workspace-id")
    if asks and workspace_id is None:
        chosen = _ask_workspace()
        workspace_id = None if chosen is None else chosen.id
    system = found_ci(root) if ci is None else Ci(ci)
    done: list[tuple[Path, str]] = []
    try:
        start = Start(
            providers=providers or ("openai",), workspace_id=workspace_id, workspace=chosen, environments=environments
        )
        variables = _write(done, root, start, system)
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
        terminal.say("\n".join(_next_steps(done, system, variables, workspace_id)))
    return ExitCode.DONE


def _ask_providers() -> tuple[str, ...]:
    answer = click.prompt(f"Providers ({', '.join(_PROVIDERS)})", default="openai", err=True, value_proc=_providers)
    return tuple(answer)


def _providers(text: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in _PROVIDERS]:
        raise click.UsageError(f"{unknown[0]!r} is not one of {', '.join(_PROVIDERS)}")
    return list(dict.fromkeys(names)) or ["openai"]


def _ask_workspace() -> Workspace | None:
    """A workspace of those that the server lists, or one that is typed; None for the variable."""
    from fbsync.render.paint import visible

    listed = _listed_workspaces()
    for number, workspace in enumerate(listed, 1):
        terminal.say(f"  {number}: {visible(workspace.name)} ({visible(workspace.id)})")
    numbered = "its number, " if listed else ""
    question = f"Workspace ({numbered}its id, or nothing for $FLASHBACK_WORKSPACE_ID)"
    answer: Workspace | None = click.prompt(
        question, default="", show_default=False, err=True, value_proc=lambda text: _answer(text, listed)
    )
    return answer


def _answer(text: str, listed: Sequence[Workspace]) -> Workspace | None:
    """The workspace that an answer means: None for nothing; of those that were listed, where some were.

    Raises:
        UsageError: there is no such workspace, or several; click then asks again.
    """
    from fbsync.model.configurations import Workspace

    answer = text.strip()
    if not answer:
        return None
    if not listed:
        return Workspace(id=str(_checked_id(answer)), name=answer)
    found = [workspace for workspace in listed if answer == workspace.id]
    found = found or [workspace for workspace in listed if answer == workspace.name]
    if not found and answer.isdecimal() and 0 < int(answer) <= len(listed):
        found = [listed[int(answer) - 1]]
    if len(found) != 1:
        wrong = "is the name of several workspaces" if found else f"is neither 1 to {len(listed)} nor one of these ids"
        raise click.UsageError(f"{answer!r} {wrong}")
    return found[0]


def _checked_environments(names: tuple[str, ...]) -> tuple[str, ...]:
    from fbsync.variables import check_environment_name

    for name in names:
        check_environment_name(name)
    return tuple(dict.fromkeys(names))


def _checked_id(value: str | None) -> str | None:
    """A workspace's id, as the manifest takes it (its schema, ``workspaceId``)."""
    if value is not None and (not value or any(character.isspace() for character in value)):
        raise click.BadParameter("a workspace id must not be empty or contain whitespace")
    return value


def _listed_workspaces() -> Sequence[Workspace]:
    """What the server lists, if there is a way to sign in; a server that does not answer does not stop ``init``."""
    from fbsync.cli.server_options import Asking
    from fbsync.cli.workspaces import list_workspaces
    from fbsync.settings import means_of_signing_in
    from fbsync.workflow.inputs import no_inputs
    from fbsync.workflow.target import Where

    if not means_of_signing_in(no_inputs(Where(), os.environ).variables):
        for line in _SIGNING_IN:
            terminal.say(line)
        return ()
    try:
        return list_workspaces((), None, Asking(timeout=10.0, retry_timeout=0.0, verbose=0))
    except FbsyncError as error:
        terminal.say(f"The workspaces cannot be listed: {error.message}")
        return ()


def _write(done: list[tuple[Path, str]], root: Path, start: Start, ci: Ci) -> tuple[str, ...]:
    """Write what is missing; add to ``done`` the result of each file, also where a later one cannot be written.

    Returns:
        The names of the variables that the manifest needs.
    """
    from fbsync.cli.init_templates import SCHEMA_FILE, manifest, pipelines, with_ignored
    from fbsync.cli.write_once import add_to
    from fbsync.manifest.assemble import read_manifest
    from fbsync.render.env_example import env_example, needed
    from fbsync.schema.validate import Kind, schema_text

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
    there = root / ".gitlab-ci.yml"
    gitlab_ci = there.read_text(encoding="utf-8", errors="replace") if there.is_file() else None
    names = tuple(sorted({use.variable for use in uses}))
    for pipeline in pipelines(ci, names, start.environments, gitlab_ci=gitlab_ci):
        put(root / pipeline.path, pipeline.text)
    return names


def _next_steps(
    done: list[tuple[Path, str]], ci: Ci, variables: Sequence[str], workspace_id: str | None
) -> Iterator[str]:
    """Command lines that work as they are, in the order in which they are of use; then what no command does."""
    made_up = "".join(f"{name}=made-up " for name in variables if name != "FLASHBACK_WORKSPACE_ID")
    workspace = "" if workspace_id is None else f"--workspace {quote(workspace_id)} "
    commands = [
        (f"{made_up}fbsync sandbox run {workspace}-- fbsync apply", "a rehearsal: no account, no real key"),
        ("cp .env.example .env", "then fill it in"),
        ("fbsync env", "see what is still missing"),
        ("fbsync plan", "see what would change"),
    ]
    yield "Next:"
    yield from (f"  {command:<24}  # {about}" for command, about in commands)
    yield from _SIGNING_IN
    if _SUBMODULE[ci]:
        yield _SUBMODULE[ci]
    if any(path.name == "fbsync.gitlab-ci.yml" for path, _ in done):
        yield "Include fbsync.gitlab-ci.yml in your .gitlab-ci.yml."
