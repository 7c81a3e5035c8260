"""Words that people type by mistake, or bring from other tools, and what they are called here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "check": "validate",
    "delete": "destroy",
    "deploy": "apply",
    "diff": "plan",
    "down": "destroy",
    "dump": "export",
    "import": "export",
    "lint": "validate",
    "list": "state list",
    "ls": "state list",
    "preview": "plan",
    "refresh": "drift",
    "rm": "destroy",
    "status": "drift",
    "sync": "apply",
    "test": "verify",
    "up": "apply",
    "version": "--version",
    "whoami": "doctor",
}
"""Other tools' names for what a command here does."""

_TOKENS = "tokens come only from the environment, since others can read command lines: set FLASHBACK_TOKEN"
_OPTIONS = {
    "--auto-approve": "use --yes",
    "-auto-approve": "use --yes",
    "-y": "use --yes",
    "--token": _TOKENS,
    "--api-key": _TOKENS,
    "--password": "it comes only from the environment: set FLASHBACK_EMAIL and FLASHBACK_PASSWORD",
    "--email": "it comes only from the environment: set FLASHBACK_EMAIL and FLASHBACK_PASSWORD",
    "--dry-run": "`fbsync plan` shows what apply would do",
    "--dryrun": "`fbsync plan` shows what apply would do",
    "-n": "`fbsync plan` shows what apply would do",
    "--target": "use --only with an entry's name",
    "-t": "use --only with an entry's name",
    "--config": "use -f/--file",
    "-c": "use -f/--file",
    "--manifest": "use -f/--file",
    "--env": "use -e/--environment",
    "--stage": "use -e/--environment",
    "--url": "use --api-url",
    "--server": "use --api-url",
    "--json": "use --format json",
    "-o": "use --format for another format, and `plan --out` to save a plan",
    "--output": "use --format for another format, and `plan --out` to save a plan",
    "--debug": "use -v to show each request, and -vv the names of its fields",
    "-q": "redirect stderr to /dev/null: only results go to stdout",
    "--quiet": "redirect stderr to /dev/null: only results go to stdout",
    "--destroy": "use `fbsync destroy`",
    "-version": "use --version",
    "-help": "use --help",
}
"""What other tools call an option, and how to say the same here."""


class WrongCommand(click.UsageError):
    """A command that does not exist.

    Args:
        hint: what to type instead, or an empty string where nothing is close.
    """

    def __init__(self, message: str, *, hint: str, ctx: click.Context) -> None:
        super().__init__(message, ctx)
        self.hint = hint


class Group(click.Group):
    """A group that says which command a mistyped one most likely meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command.

        Raises:
            WrongCommand: there is none of that name.
        """
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-") and not ctx.resilient_parsing:
            from fbsync.redact import quoted

            hint = _command_hint(ctx.command_path, word, self.list_commands(ctx))
            raise WrongCommand(f"no such command {quoted(word, '')}".rstrip(), hint=hint, ctx=ctx)
        return super().resolve_command(ctx, args)


def _command_hint(path: str, word: str, commands: Sequence[str]) -> str:
    from fbsync.redact import nearest

    meant = nearest(word, commands)
    if meant is None and path == "fbsync":
        meant = _COMMANDS.get(word.casefold())
    return "" if meant is None else f"did you mean `{path} {meant}`?"


def usage_message(error: click.ClickException) -> str:
    """What is wrong with the command line, as a sentence without a full stop at its end."""
    if isinstance(error, click.NoSuchOption):
        from fbsync.redact import nearest

        meant = nearest(error.option_name, error.possibilities or ())
        return f"no such option {error.option_name}" + ("" if meant is None else f"; did you mean {meant}?")
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]


def usage_hint(error: click.ClickException) -> str:
    """What to do about wrong usage of the command line, as a phrase."""
    context = getattr(error, "ctx", None)
    see = f"see `{context.command_path} --help`" if context is not None else "see `fbsync --help`"
    hint = error.hint if isinstance(error, WrongCommand) else ""
    if isinstance(error, click.NoSuchOption):
        hint = _OPTIONS.get(error.option_name.casefold(), "")
        if hint.startswith("use --yes") and not _has_option(context, "--yes"):
            hint = "this command asks nothing: leave it out"
    return f"{hint}; or {see}" if hint else see


def _has_option(context: click.Context | None, name: str) -> bool:
    return context is not None and any(name in parameter.opts for parameter in context.command.params)
