"""Append entries to a manifest's list, without changing anything else in its text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

from dataclasses import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_PLAIN = re.compile(
    r"[A-Za-z](?:[A-Za-z0-9 ._/()+-]*[A-Za-z0-9.)])?|\$[A-Z_][A-Z0-9_]*|https?://[A-Za-z0-9./_:-]*[A-Za-z0-9/]"
)
"""Text that needs no quotes: every version of YAML reads it the same way, except for the words below."""
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_JOINERS = "\u200c\u200d"
"""Characters that join or separate letters within a word. They are not escaped."""
_INDENT = 2


class NotAddable(ValueError):  # noqa: N818 - reads well at the raise
    """A list that cannot be extended without changing existing text."""


def new_manifest(entries: Sequence[Mapping[str, str | bool]], *, head: Sequence[str], workspace_id: str | None) -> str:
    """Return the text of a new manifest.

    Args:
        entries: the fields of each entry, in the order to write them. A field whose name starts with "# " becomes a
            comment.
        head: the lines of the comment at the top, without their "#".
        workspace_id: the template of the default workspace, or None for no default.
    """
    lines = [*(f"# {line}".rstrip() for line in head), "version: 1"]
    if workspace_id is not None:
        lines.append(f"workspaceId: {scalar(workspace_id)}")
    lines += ["llms:", *_entry_block(entries, _INDENT)] if entries else ["llms: []"]
    return "\n".join(lines) + "\n"


def with_entries(text: str, entries: Sequence[Mapping[str, str | bool]]) -> str:
    """Return a manifest's text with more entries at the end of its list.

    Args:
        text: a manifest that the loader accepts.
        entries: the fields of each entry, in the order to write them.

    Raises:
        NotAddable: the list cannot be extended where it is, for example because it is an alias.
    """
    if not entries:
        return text
    end = "\r\n" if "\r\n" in text else "\n"
    root = yaml.compose(text, Loader=Loader)
    if not isinstance(root, yaml.MappingNode):
        raise NotAddable("it is not a mapping")
    found = next((value for key, value in root.value if key.value == "llms"), None)
    if found is not None and found.start_mark.index < root.start_mark.index:
        raise NotAddable('its "llms" is an alias')
    match found:
        case yaml.SequenceNode(flow_style=True) if root.flow_style:
            return _in_brackets(text, found, entries, quoted_keys=True)
        case _ if root.flow_style:
            raise NotAddable('it is in brackets, but its "llms" is not a list in brackets')
        case None:
            insertion = _Insertion(at=len(text.rstrip()), lines=("llms:", *_entry_block(entries, _INDENT)))
        case yaml.SequenceNode(flow_style=True, value=[]):
            insertion = _in_place_of_nothing(text, found, entries)
        case yaml.SequenceNode(flow_style=True):
            return _in_brackets(text, found, entries)
        case yaml.SequenceNode():
            insertion = _Insertion(
                at=_end_of_list(text, found), lines=tuple(_entry_block(entries, found.start_mark.column))
            )
        case _:
            insertion = _in_place_of_nothing(text, found, entries)
    return insertion.into(text, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Insertion:
    """Whole lines to insert at the end of a line, and the part of the text before them to remove."""

    at: int
    lines: tuple[str, ...]
    gone: tuple[int, int] = (0, 0)

    def into(self, text: str, end: str) -> str:
        before = text[: self.at]
        if self.gone[1]:
            before = before[: self.gone[0]].rstrip(" ") + before[self.gone[1] :]
        return before + end + end.join(self.lines) + (text[self.at :] or end)


def _in_place_of_nothing(text: str, found: yaml.Node, entries: Sequence[Mapping[str, str | bool]]) -> _Insertion:
    """Extend ``llms: []`` or ``llms:``. The brackets are removed, and the rest of their line stays."""
    start, end = found.start_mark.index, found.end_mark.index
    if text[start:end].strip() not in ("[]", "", "~", "null"):
        raise NotAddable('its "llms" is not a plain list')
    at = _end_of_line(text, end if text[start:end].strip() else text.rindex(":", 0, start + 1))
    return _Insertion(
        at=at, lines=tuple(_entry_block(entries, _INDENT)), gone=(start, end) if text[start:end].strip() else (0, 0)
    )


def _in_brackets(
    text: str, found: yaml.SequenceNode, entries: Sequence[Mapping[str, str | bool]], *, quoted_keys: bool = False
) -> str:
    """Extend ``[{…}]`` right after its last entry. With quoted keys, a manifest that is JSON stays JSON."""
    added = ", ".join(_flow(entry, quoted_keys=quoted_keys) for entry in entries)
    if not found.value:
        at = found.start_mark.index + 1
        return text[:at] + added + text[at:]
    at = found.value[-1].end_mark.index
    return f"{text[:at]}, {added}{text[at:]}"


def _end_of_list(text: str, found: yaml.SequenceNode) -> int:
    """Return the end of the line on which a list's last item ends."""
    *others, last = found.value
    if last.start_mark.index > max([found.start_mark.index, *(item.start_mark.index for item in others)]):
        return _end_of_line(text, _last_leaf(last).end_mark.index)
    # The node of an alias has the position of its anchor, so only the end of the list is known. The blank lines and
    # comments before that end do not belong to the last item.
    lines = text[: found.end_mark.index].splitlines(keepends=True)
    while not lines[-1].strip() or lines[-1].lstrip().startswith("#"):
        lines.pop()
    return _end_of_line(text, len("".join(lines)))


def _last_leaf(node: yaml.Node) -> yaml.Node:
    """Return the scalar, or the list or mapping in brackets, that ends last: only these know where they end."""
    while isinstance(node, (yaml.SequenceNode, yaml.MappingNode)) and not node.flow_style:
        node = max(_children(node), key=lambda child: child.end_mark.index)
    return node


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    return [part for pair in node.value for part in pair]


def _end_of_line(text: str, at: int) -> int:
    """Return the end of the line with the offset, or of the line before if the offset is at the start of a line."""
    while at > 0 and text[at - 1] in "\r\n":
        at -= 1
    found = re.compile(r"\r?\n|\Z").search(text, at)
    assert found is not None
    return found.start()


def is_comment(field: str) -> bool:
    """Whether a field of an entry is written as a comment, and not read back."""
    return field.startswith("# ")


def _entry_block(entries: Iterable[Mapping[str, str | bool]], indent: int) -> Iterator[str]:
    for entry in entries:
        lead = "- "
        for field, value in entry.items():
            yield f"{' ' * indent}{lead}{field}: {scalar(value)}"
            lead = "  "


def _flow(entry: Mapping[str, Any], *, quoted_keys: bool) -> str:
    pairs = (
        (_quoted(field) if quoted_keys else field, _quoted(value))
        for field, value in entry.items()
        if not is_comment(field)
    )
    return "{" + ", ".join(f"{field}: {value}" for field, value in pairs) + "}"


def scalar(value: str | bool) -> str:  # noqa: FBT001 - a value
    """Return a value as YAML, in quotes if it needs them."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else _quoted(value)


def _quoted(value: str | bool) -> str:  # noqa: FBT001 - a value
    if isinstance(value, bool):
        return str(value).lower()
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    """Return a character for use between double quotes (YAML 1.2, 5.7). Visible characters stay unchanged."""
    if character in '"\\':
        return f"\\{character}"
    if character.isprintable() or character in _JOINERS:
        return character
    number = ord(character)
    for digits, mark in ((2, "x"), (4, "u")):
        if number < 16**digits:
            return f"\\{mark}{number:0{digits}X}"
    return f"\\U{number:08X}"
