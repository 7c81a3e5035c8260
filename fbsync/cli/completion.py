"""``fbsync completion``."""

from __future__ import annotations

import click

from fbsync.cli import terminal


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Prints what makes a SHELL complete commands, options, environments and the names of entries.

    Names come from the manifest and the lockfile in the current folder (or of -f), never from the server.

    \b
    fbsync completion bash > ~/.local/share/bash-completion/completions/fbsync
    fbsync completion zsh > ~/.zfunc/_fbsync           (with fpath+=~/.zfunc before compinit)
    fbsync completion fish > ~/.config/fish/completions/fbsync.fish
    """  # noqa: D301 - click's mark for a block to leave as it is
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root()
    terminal.out(kind(root.command, {}, "fbsync", "_FBSYNC_COMPLETE").source_template % _names())


def _names() -> dict[str, str]:
    """What click's templates ask for (click.shell_completion, ``ShellComplete.source_vars``)."""
    return {"complete_func": "_fbsync_completion", "complete_var": "_FBSYNC_COMPLETE", "prog_name": "fbsync"}
