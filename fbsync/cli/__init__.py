"""The command line: commands that wire, run and report, and one boundary that turns errors into exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from fbsync.cli.errors import run_command
from fbsync.cli.mistakes import Group
from fbsync.version import __version__

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_COMMANDS = {
    "init": "start a project: manifest, .env.example, .gitignore and a CI pipeline",
    "validate": "check a manifest without network or secrets",
    "plan": "preview what apply would change",
    "show": "show a saved plan in any format",
    "apply": "apply the manifest to the server",
    "destroy": "delete everything that fbsync manages",
    "drift": "show what changed on the server outside fbsync",
    "verify": "verify the credentials with their providers",
    "export": "export what is on the server as a manifest and a lockfile",
    "workspaces": "list the workspaces that you can see, with your role",
    "keys": "list the provider keys that are stored with Flashback",
    "doctor": "check everything that a run depends on",
    "env": "list every variable that the manifest refers to",
    "state": "inspect and repair the known state",
    "completion": "set up shell completion of commands, options and names",
    "schema": "print a JSON Schema",
    "help": "explain a command",
    "sandbox": "rehearse against a local server",
}
"""The commands. Each is in the module of its name, and imports what it needs when it runs."""


class _Commands(Group):
    """A group that imports a command only to run it, not to describe it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"fbsync.cli.{cmd_name}"), cmd_name)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=what) for name, what in _COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="fbsync", message="%(prog)s %(version)s")
def fbsync() -> None:
    """Keep the AI LLM configurations of Flashback workspaces in step with a YAML file in git.

    Check the manifest with `fbsync validate`, preview with `fbsync plan`, and make the changes with `fbsync apply`.
    """


def main(argv: list[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments, without the program's name, or None for the process's.

    Returns:
        The exit status (``design.md``, 'Exit codes').
    """
    if "_FBSYNC_COMPLETE" in os.environ:
        from fbsync.cli.shells import teach

        teach()
    return run_command(fbsync, sys.argv[1:] if argv is None else argv)
