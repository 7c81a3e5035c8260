"""Shared options for requests to the server."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


_Command = TypeVar("_Command", bound="Callable[..., Any]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The values of ``asking_options``, named like the options."""

    timeout: float
    retry_timeout: float
    verbose: int
    parallelism: int = 8
    ca_file: Path | None = None


def grouped(given: Mapping[str, Any]) -> dict[str, Any]:
    """Group a command's options.

    Args:
        given: the options by name.

    Returns:
        The same options, with those for requests combined as ``asking``, and those that allow something as ``allowed``.
    """
    from fbsync.planning.allowed import Allowed

    rest = dict(given)
    asking, allowed = (
        {field.name: rest.pop(field.name) for field in fields(record) if field.name in rest}
        for record in (Asking, Allowed)
    )
    return {**rest, "asking": Asking(**asking), "allowed": Allowed(**allowed)}


def asking_options(command: _Command) -> _Command:
    """Add the options for requests to the server: ``--timeout``, ``--retry-timeout``, ``--ca-file``, ``-v``."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=60.0,
        show_default=True,
        metavar="SECONDS",
        help="Allow each request this long, from connecting to the last byte of the answer.",
    )(
        click.option(
            "--retry-timeout",
            type=click.FloatRange(min=0),
            default=60.0,
            show_default=True,
            metavar="SECONDS",
            help="Retry a failed request for this long.",
        )(
            click.option(
                "--ca-file",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Trust the certificate authorities in this PEM file. [default: SSL_CERT_FILE, or the system's]",
            )(
                click.option(
                    "-v",
                    "--verbose",
                    count=True,
                    help="Print each request to stderr; -vv adds the names of its fields.",
                )(command)
            )
        )
    )
