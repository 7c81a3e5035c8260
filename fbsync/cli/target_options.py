"""The options that select a command's target: the manifest, the known state and the server."""

from __future__ import annotations

import os
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fbsync.cli.options import together

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.workflow.target import Where


_Command = TypeVar("_Command", bound="Callable[..., Any]")

_PATH = click.Path(path_type=Path)

_STATE = "fbsync.state"
"""The key of ``--state`` in a command's context, which ``TargetOptions`` reads."""


class TargetOptions:
    """The options that select the target, as the user gave them. A command gets them as its ``target``."""

    def __init__(
        self,
        *,
        files: tuple[Path, ...],
        environment: str | None,
        env_files: tuple[Path, ...] = (),
        lock_file: Path | None = None,
        api_url: str | None = None,
    ) -> None:
        self.files = files
        self.environment = environment
        self.lock_file = lock_file
        self._env_files = env_files
        self._api_url = api_url

    def where(self) -> Where:
        """Return the target that the options select.

        Raises:
            click.UsageError: standard input is named more than once, or ``--lock-file`` and ``--state`` are both given.
        """
        from fbsync.strict_yaml.source_bytes import STANDARD_INPUT
        from fbsync.workflow.declared_state import find_target

        if self.files.count(STANDARD_INPUT) > 1:
            raise click.UsageError("-f - appears more than once, but standard input can be read only once")
        return find_target(
            files=self.files,
            environment=self.environment,
            env_files=self._env_files,
            lock_file=self.lock_file,
            state=_given_state(self.lock_file),
            api_url=self._api_url,
            variables=os.environ,
        )


def as_target(command: Callable[..., Any]) -> Callable[..., Any]:
    """Pass a command its options for manifest, known state and server as one argument."""

    @wraps(command)
    def given(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - click's
        own = {name: options.pop(name) for name in _TARGET_OPTIONS if name in options}
        return command(*args, target=TargetOptions(**own), **options)

    return given


_TARGET_OPTIONS = ("files", "environment", "env_files", "lock_file", "api_url")


def _environments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Complete an environment. This loads the code for completion only if a shell asks."""
    from fbsync.cli.completion_values import environments

    return environments(context, parameter, incomplete)


def manifest_options(*, file: str, environment: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds ``-f`` and ``-e`` with these help texts."""
    return together(
        click.option("-f", "--file", "files", multiple=True, type=_PATH, metavar="PATH", help=file),
        click.option(
            "-e",
            "--environment",
            metavar="NAME",
            help=environment,
            shell_complete=_environments,
        ),
    )


def env_file_option(text: str) -> Callable[[_Command], _Command]:
    """Return a decorator that adds ``--env-file``. The text begins its help text."""
    return click.option(
        "--env-file",
        "env_files",
        multiple=True,
        type=_PATH,
        metavar="FILE",
        help=f"{text}; may be repeated. The environment wins.",
    )


def _keep_state(context: click.Context, _: click.Parameter, value: str | None) -> None:
    context.meta[_STATE] = value


def _given_state(lock_file: Path | None) -> str | None:
    """The value of ``--state``, or None.

    Raises:
        click.UsageError: ``--lock-file`` is given too.
    """
    context = click.get_current_context(silent=True)
    given: str | None = context.meta.get(_STATE) if context is not None else None
    if given is not None and lock_file is not None:
        raise click.UsageError("--lock-file and --state disagree: pass only one of them")
    return given


api_url_option = click.option(
    "--api-url", metavar="URL", help="Use the API at this URL. [default: FLASHBACK_API_URL, or the vendor's]"
)
env_file_before_option = env_file_option("Read variables from this file before .env")
env_file_only_option = env_file_option("Read variables from this .env file")
files_options = together(
    manifest_options(
        file="Read this manifest, a folder of them, or - for standard input; may be repeated. [default: fbsync.yaml]",
        environment="Use this environment of the manifest.",
    ),
    env_file_before_option,
)
"""The options that select the manifest: ``-f``, ``-e``, ``--env-file``."""
lock_file_options = together(
    click.option("--lock-file", type=_PATH, metavar="FILE", help="Use this lockfile. [default: next to the manifest]"),
    click.option(
        "--state",
        metavar="STORE",
        help="Keep the known state here, such as git or file:FOLDER. "
        "[default: FBSYNC_STATE, the manifest's state, or next to it]",
        expose_value=False,
        callback=_keep_state,
    ),
)
"""The options that say where the known state is: ``--lock-file``, ``--state``."""
where_options = together(files_options, lock_file_options, api_url_option, as_target)
"""All options that select the target."""
