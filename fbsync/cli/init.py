"""``fbsync init``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option
from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.cli.init_templates import Ci
    from fbsync.model.configurations import Workspace

_PROVIDERS = ("openai", "google", "anthropic", "aws", "other")
_NEXT = {
    "github": "git submodule add URL-OF-FBSYNC .fbsync   # the workflows use the action in it",
    "gitlab": "git submodule add URL-OF-FBSYNC .fbsync   # the pipeline installs fbsync from it",
    "none": "",
}


@click.command()
@click.option(
    "--provider",
    "providers",
    multiple=True,
    type=click.Choice(_PROVIDERS, case_sensitive=False),
    help="An entry for this provider; may be repeated. [default: openai]",
)
@click.option(
    "--workspace-id",
    metavar="ID",
    callback=lambda _context, _parameter, value: _checked_id(value),
    help="The workspace. [default: the variable FLASHBACK_WORKSPACE_ID]",
)
@click.option(
    "--ci",
    type=click.Choice(("github", "gitlab", "none")),
    help="The CI system to write a pipeline for. [default: the one whose traces are here]",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@format_option("text", "json")
def init(providers: tuple[str, ...], workspace_id: str | None, ci: str | None, *, yes: bool, format_: str) -> int:
    """Begins a project here: a commented fbsync.yaml, .env.example, lines for .gitignore, and a pipeline.

    On a terminal it asks for what is not given; workspaces are listed from the server where there is a token. It
    overwrites nothing: a file that is there stays, or gets the lines that it lacks.

    \b
    fbsync init
    fbsync init --provider openai --provider anthropic --ci github --yes
    """  # noqa: D301 - click's mark for a block to leave as it is
    from fbsync.cli.init_templates import Ci, found_ci

    root = Path()
    is_new = not (root / "fbsync.yaml").exists()
    asks = is_new and not yes and format_ == "text" and terminal.can_ask()
    chosen = None
    if asks and not providers:
        providers = _ask_providers()
    if asks and workspace_id is None:
        chosen = _ask_workspace()
        workspace_id = None if chosen is None else chosen.id
    system = found_ci(root) if ci is None else Ci(ci)
    done: list[tuple[Path, str]] = []
    try:
        _write(done, root, providers or ("openai",), workspace_id, chosen, system)
    except FbsyncError:
        if format_ == "text":
            for path, what in done:
                terminal.say(f"{path}: {what}")
        raise
    _report(done, system, json=format_ == "json")
    return ExitCode.DONE


def _ask_providers() -> tuple[str, ...]:
    answer = click.prompt(f"Providers ({', '.join(_PROVIDERS)})", default="openai", err=True, value_proc=_providers)
    return tuple(answer)


def _providers(text: str) -> list[str]:
    names = [name.strip().lower() for name in text.split(",") if name.strip()]
    if unknown := [name for name in names if name not in _PROVIDERS]:
        raise click.UsageError(f"{unknown[0]!r} is none of {', '.join(_PROVIDERS)}")
    return list(dict.fromkeys(names)) or ["openai"]


def _ask_workspace() -> Workspace | None:
    """A workspace of those that the server lists, or one that is typed; None for the variable."""
    from fbsync.model.configurations import Workspace
    from fbsync.render.paint import visible

    listed = _listed_workspaces()
    for number, workspace in enumerate(listed, 1):
        terminal.say(f"  {number}: {visible(workspace.name)} ({visible(workspace.id)})")
    numbered = "its number, " if listed else ""
    question = f"Workspace ({numbered}its id, or nothing for $FLASHBACK_WORKSPACE_ID)"
    answer: str = click.prompt(
        question, default="", show_default=False, err=True, value_proc=lambda text: _answer(text, listed)
    )
    if answer.isdigit() and 0 < int(answer) <= len(listed):
        return listed[int(answer) - 1]
    known = next((workspace for workspace in listed if answer in (workspace.id, workspace.name)), None)
    return known or (Workspace(id=answer, name=answer) if answer else None)


def _answer(text: str, listed: Sequence[Workspace]) -> str:
    """An answer about the workspace: nothing, the name of one that is listed, or what can be an id."""
    answer = text.strip()
    return answer if not answer or answer in [workspace.name for workspace in listed] else str(_checked_id(answer))


def _checked_id(value: str | None) -> str | None:
    """A workspace's id, as the manifest takes it (its schema, ``workspaceId``)."""
    if value is not None and (not value or any(character.isspace() for character in value)):
        raise click.BadParameter("a workspace id is at least one character long and holds no blanks")
    return value


def _listed_workspaces() -> Sequence[Workspace]:
    """What the server lists, if there is a token; a server that does not answer is no reason not to begin."""
    from fbsync.cli.server_options import Asking, session
    from fbsync.settings import means_of_signing_in
    from fbsync.workflow.inputs import no_inputs
    from fbsync.workflow.project import load_project
    from fbsync.workflow.target import Where

    inputs = no_inputs(Where(), os.environ)
    if not means_of_signing_in(inputs.variables):
        return ()
    try:
        with session(
            load_project(inputs, online=True), Asking(timeout=10.0, retry_timeout=0.0, verbose=0)
        ) as connection:
            return connection.run(connection.server.list_workspaces())
    except FbsyncError as error:
        terminal.say(f"The workspaces cannot be listed: {error.message}")
        return ()


def _write(
    done: list[tuple[Path, str]],
    root: Path,
    providers: Sequence[str],
    workspace_id: str | None,
    workspace: Workspace | None,
    ci: Ci,
) -> None:
    """Writes what is missing; adds to ``done`` what became of each file, also where a later one cannot be written."""
    from fbsync.cli.init_templates import manifest, pipelines, with_ignored
    from fbsync.cli.write_once import add_to
    from fbsync.manifest.assemble import read_manifest
    from fbsync.render.env_example import env_example, needed

    path = root / "fbsync.yaml"

    def put(file: Path, made: str) -> None:
        done.append((file, add_to(file, lambda existing: made if not file.exists() else existing)))

    put(path, manifest(providers, workspace_id, workspace))
    uses = read_manifest([path]).uses(None)
    variables = needed((use.variable, use.purpose) for use in uses)
    example = root / ".env.example"
    done.append((example, add_to(example, lambda existing: env_example(variables, existing))))
    ignore = root / ".gitignore"
    done.append((ignore, add_to(ignore, with_ignored)))
    there = root / ".gitlab-ci.yml"
    gitlab_ci = there.read_text(encoding="utf-8", errors="replace") if there.is_file() else None
    for pipeline in pipelines(ci, sorted({use.variable for use in uses}), gitlab_ci=gitlab_ci):
        put(root / pipeline.path, pipeline.text)


def _report(done: list[tuple[Path, str]], ci: Ci, *, json: bool) -> None:
    if json:
        from fbsync.render.document import dump, result_document

        files = [{"path": str(path), "done": str(what)} for path, what in done]
        terminal.out(dump(result_document("init", ExitCode.DONE, files=files)))
        return
    terminal.out("".join(f"{path}: {what}\n" for path, what in done))
    steps = ["fill in .env (see .env.example), then: fbsync plan", _NEXT[ci]]
    if any(path.name == "fbsync.gitlab-ci.yml" for path, _ in done):
        steps.append("take fbsync.gitlab-ci.yml into your .gitlab-ci.yml")
    terminal.say("Next:\n" + "".join(f"  {step}\n" for step in steps if step).rstrip("\n"))
