"""Make manual pages from the text that ``--help`` prints (man(7): roff with the man macros)."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import cleandoc
from typing import TYPE_CHECKING

import click

from fbsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXIT_CODES = (
    ("0", "Done."),
    ("1", "Any other error."),
    ("2", "Changes are pending (plan --detailed-exitcode), or drift was found (drift)."),
    ("3", "The input is invalid: the manifest, the known state or a missing variable."),
    ("4", "Not signed in or not allowed."),
    ("5", "Partly applied: some entries failed; the report lists them."),
    ("6", "The saved plan is stale."),
    ("7", "Another run has locked the state."),
    ("8", "A guard refused before the first change."),
    ("64", "The command line is wrong."),
    ("130, 143", "Interrupted; all changes so far are recorded."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """A command, with the context that has its full name."""

    command: click.Command
    context: click.Context

    @property
    def name(self) -> str:
        return self.context.command_path.replace(" ", "-")


def pages(root: click.Command) -> dict[str, str]:
    """Return the pages of a command and of all its subcommands, by file name."""
    made = list(_walk(root, click.Context(root, info_name=root.name)))
    names = [page.name for page in made]
    return {f"{page.name}.1": _page(page, names) for page in made}


def _walk(command: click.Command, context: click.Context) -> Iterator[_Page]:
    yield _Page(command=command, context=context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _walk(below, click.Context(below, info_name=name, parent=context))


def _page(page: _Page, names: Sequence[str]) -> str:
    about = page.command.get_short_help_str(limit=300).rstrip(".")
    title = page.name.upper().replace("-", "\\-")
    lines = [
        f'.TH "{title}" "1" "" "fbsync {__version__}" "User commands"',
        ".SH NAME",
        f"{_roff(page.name)} \\- {_roff(about)}",
        ".SH SYNOPSIS",
        f".B {_roff(page.context.command_path)}",
        _roff(" ".join(page.command.collect_usage_pieces(page.context))),
        *_description(cleandoc(page.command.help or "")),
        *_option_lines(page),
        *_commands(page),
    ]
    if page.context.parent is None:
        lines += [".SH EXIT STATUS", *(line for pair in EXIT_CODES for line in _term(*pair))]
    others = [name for name in names if name != page.name and _is_near(name, page.name)]
    if others:
        lines += [".SH SEE ALSO", ", ".join(f"\\fB{_roff(name)}\\fR(1)" for name in others)]
    return "\n".join(lines) + "\n"


def _is_near(name: str, other: str) -> bool:
    """Whether a page is the parent or a child of another one."""
    return name.rpartition("-")[0] == other or other.rpartition("-")[0] == name


def _description(text: str) -> Iterator[str]:
    """Yield the paragraphs. A paragraph that begins with click's mark for it keeps its lines."""
    paragraphs = [part for part in text.strip("\n").split("\n\n") if part.strip()]
    if paragraphs:
        yield ".SH DESCRIPTION"
    for paragraph in paragraphs:
        if paragraph.startswith("\b\n"):
            yield from (".PP", ".nf", *map(_roff, paragraph[2:].split("\n")), ".fi")
        else:
            yield from (".PP", _roff(" ".join(paragraph.split())))


def _option_lines(page: _Page) -> Iterator[str]:
    records = [
        record for param in page.command.get_params(page.context) if (record := param.get_help_record(page.context))
    ]
    if records:
        yield ".SH OPTIONS"
    for option, about in records:
        yield from _term(option, about)


def _commands(page: _Page) -> Iterator[str]:
    if not isinstance(page.command, click.Group):
        return
    yield ".SH COMMANDS"
    for name in page.command.list_commands(page.context):
        below = page.command.get_command(page.context, name)
        assert below is not None
        yield from _term(name, below.get_short_help_str(limit=300))


def _term(term: str, about: str) -> tuple[str, ...]:
    return (".TP", f"\\fB{_roff(term)}\\fR", _roff(" ".join(about.split())))


def _roff(text: str) -> str:
    """Escape everything in a line that roff would interpret."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("'", "\\(aq")
    escaped = escaped.replace("^", "\\(ha").replace("~", "\\(ti")
    return "\\&" + escaped if escaped.startswith((".", "\\(aq")) else escaped
