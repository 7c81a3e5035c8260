"""``fbsync completion``."""

from __future__ import annotations

import click

from fbsync.cli import terminal


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    """Print a script for SHELL that completes commands, options, environments and entry names.

    Names come from the manifest and the lockfile in the current folder (or of -f), never from the server.

    \b
    fbsync completion bash > ~/.local/share/bash-completion/completions/fbsync
    fbsync completion zsh > ~/.zfunc/_fbsync           (with fpath+=~/.zfunc before compinit)
    fbsync completion fish > ~/.config/fish/completions/fbsync.fish
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.cli.shells import script

    terminal.out(script(shell))
