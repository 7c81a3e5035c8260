"""``fbsync schema``."""

from __future__ import annotations

import click

from fbsync.cli import terminal


@click.command()
@click.argument(
    "kind",
    type=click.Choice(["manifest", "lockfile", "journal", "plan", "result", "state"]),
    default="manifest",
    metavar="[KIND]",
)
def schema(kind: str) -> None:
    """Print a JSON Schema (Draft 2020-12): of the manifest, or of KIND: lockfile, journal, plan, result, state.

    Editors use the manifest's schema if its first line is, for example:

        # yaml-language-server: $schema=fbsync.schema.json

    \b
    fbsync schema > fbsync.schema.json
    fbsync schema result
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    from fbsync.schema.validate import Kind, schema_text

    terminal.out(schema_text(Kind(kind)))
