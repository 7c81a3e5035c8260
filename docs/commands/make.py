# ruff: noqa: INP001 - a script, no package
"""Makes a page for each command, of the text that ``--help`` prints, and the manual pages of the wheel (``docs/man``).

pip install -e .
python docs/commands/make.py
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fbsync.cli import fbsync, manual

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
MANUAL = HERE.parent / "man"
WIDTH = 100


def commands(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str, str]]:
    """The name, the first sentence and the help of a command, and of those below it."""
    context = click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    yield context.command_path, command.get_short_help_str(limit=200), command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from commands(found, below, context)


def pages() -> dict[str, str]:
    """The pages by their files' names."""
    made, rows = {}, []
    for path, about, text in commands(fbsync, "fbsync"):
        name = path.replace(" ", "-") + ".md"
        made[name] = f"# {path}\n\n```text\n{text}\n```\n"
        rows.append(f"| [`{path}`]({name}) | {about} |")
    head = "# Commands\n\nWhat `--help` prints, a page a command; made by [`make.py`](make.py).\n\n"
    head += "| command | |\n|---|---|\n"
    return made | {"README.md": head + "\n".join(rows) + "\n"}


def main() -> None:
    """Writes the pages, and removes those of commands that no longer exist."""
    MANUAL.mkdir(exist_ok=True)
    for folder, made in ((HERE, pages()), (MANUAL, manual.pages(fbsync))):
        for old in folder.iterdir():
            if old.suffix in (".md", ".1") and old.name not in made:
                old.unlink()
        for name, text in made.items():
            (folder / name).write_text(text, encoding="utf-8")
        sys.stdout.write(f"{len(made)} pages in {folder.name}\n")


if __name__ == "__main__":
    main()
