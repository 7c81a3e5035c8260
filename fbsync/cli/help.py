"""``fbsync help``."""

from __future__ import annotations

import click

from fbsync.cli import terminal


@click.command()
@click.argument("command", nargs=-1)
@click.pass_context
def help(context: click.Context, command: tuple[str, ...]) -> None:  # noqa: A001 - the command's name
    """Explain COMMAND, as its --help does.

    \b
    fbsync help
    fbsync help apply
    fbsync help state list
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    at = context.find_root()
    for word in command:
        if not isinstance(at.command, click.Group):
            raise click.UsageError(f"`{at.command_path}` has no commands of its own", at)
        name, below, _ = at.command.resolve_command(at, [word])
        assert below is not None
        at = click.Context(below, info_name=name, parent=at, max_content_width=at.max_content_width)
    terminal.out(at.get_help() + "\n")
