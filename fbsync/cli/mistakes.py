"""Words that people mistype or bring from other tools, and what to use instead."""

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
    "login": "doctor",
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
_STATE_COMMANDS = {"ls": "list", "rm": "forget"}
_WORDS = {"fbsync": _COMMANDS, "fbsync state": _STATE_COMMANDS}
"""Other tools' names for commands, by the group in which people type them. Terraform's ``state rm`` only forgets."""

_TOKENS = "tokens come only from the environment, since others can read command lines: set FLASHBACK_TOKEN"
_SIGN_IN = "it comes only from the environment: set FLASHBACK_EMAIL and FLASHBACK_PASSWORD"
_PREVIEW = "`fbsync plan` shows what apply would do"
_ONLY = "use --only with an entry's name"
_OUTPUT = "use --format for another format, and `plan --out` to save a plan"
_VALUES = "set the variable in the environment, in .env, or in a file named with --env-file"
_FORMAT = "use --format json"
_QUIET = "redirect stderr to /dev/null: only results go to stdout"
_OPTIONS = {
    "--auto-approve": "use --yes",
    "--force": "use --yes",
    "--non-interactive": "use --yes",
    "-y": "use --yes",
    "--token": _TOKENS,
    "--api-key": _TOKENS,
    "--password": _SIGN_IN,
    "--email": _SIGN_IN,
    "--dry-run": _PREVIEW,
    "--dryrun": _PREVIEW,
    "-n": _PREVIEW,
    "--target": _ONLY,
    "-t": _ONLY,
    "--config": "use -f/--file",
    "-c": "use -f/--file",
    "--manifest": "use -f/--file",
    "--env": "use -e/--environment",
    "--stage": "use -e/--environment",
    "--var": _VALUES,
    "--var-file": _VALUES,
    "--set": _VALUES,
    "--url": "use --api-url",
    "--server": "use --api-url",
    "--json": _FORMAT,
    "-o": _OUTPUT,
    "--output": _OUTPUT,
    "--out": "use `fbsync plan --out` to save a plan",
    "--no-color": "set NO_COLOR=1",
    "--debug": "use -v to show each request, and -vv the names of its fields",
    "-q": _QUIET,
    "--quiet": _QUIET,
    "--destroy": "use `fbsync destroy`",
    "--version": "use `fbsync --version`",
    "--help": "use --help",
}
"""Other tools' names for an option, with the advice. Terraform's ``-target=One`` counts as ``--target``."""


class Group(click.Group):
    """A group that suggests a command for a mistyped one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command.

        Raises:
            UsageError: there is no command of that name. The message suggests a similar one, if there is one.
        """
        word = args[0]
        if self.get_command(ctx, word) is None and not word.startswith("-") and not ctx.resilient_parsing:
            from fbsync.redact import quoted

            meant = _meant(ctx.command_path, word, self.list_commands(ctx))
            raise click.UsageError(f"no such command {quoted(word, '')}".rstrip() + meant, ctx=ctx)
        return super().resolve_command(ctx, args)


def _meant(path: str, word: str, commands: Sequence[str]) -> str:
    from fbsync.redact import nearest

    meant = _WORDS.get(path, {}).get(word.casefold()) or nearest(word, commands)
    return "" if meant is None else f"; did you mean `{path} {meant}`?"


def usage_message(error: click.ClickException, argv: Sequence[str]) -> str:
    """Say what is wrong with the command line, without a full stop at the end.

    Args:
        error: click's error.
        argv: the words of the command line, since click does not report every option as the user typed it.
    """
    if isinstance(error, click.NoSuchOption):
        from fbsync.redact import nearest

        name = _typed_name(error.option_name, argv)
        meant = None if _two_dashes(name) in _OPTIONS else nearest(name, error.possibilities or ())
        return f"no such option {name}" + ("" if meant is None else f"; did you mean {meant}?")
    message = error.format_message().rstrip(".")
    return message[:1].lower() + message[1:]


def usage_hint(error: click.ClickException, argv: Sequence[str]) -> str:
    """Say, as a phrase, how to fix the command line.

    Args:
        error: click's error.
        argv: the words of the command line.
    """
    context = getattr(error, "ctx", None)
    see = f"see `{context.command_path} --help`" if context is not None else "see `fbsync --help`"
    hint = ""
    if isinstance(error, click.NoSuchOption):
        hint = _OPTIONS.get(_two_dashes(_typed_name(error.option_name, argv)), "")
        if hint == "use --yes" and not _has_option(context, "--yes"):
            hint = "this command asks nothing: leave it out"
    return f"{hint}; or {see}" if hint else see


def _typed_name(name: str, argv: Sequence[str]) -> str:
    """The option as the user typed it: for ``-target``, click reports only ``-t``.

    An unknown word may be a secret (``-pPASSWORD``), so it repeats only the names of other tools' options.
    """
    if len(name) == len("-t"):
        words = (word.partition("=")[0] for word in argv if word.startswith("-") and len(word) > len(name))
        return next((word for word in words if name[1:] in word and _two_dashes(word) in _OPTIONS), name)
    return name


def _two_dashes(name: str) -> str:
    is_long = len(name) > len("-t") and not name.startswith("--")
    return f"-{name}".casefold() if is_long else name.casefold()


def _has_option(context: click.Context | None, name: str) -> bool:
    return context is not None and any(name in parameter.opts for parameter in context.command.params)
