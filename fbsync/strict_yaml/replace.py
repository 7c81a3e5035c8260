"""Values of a manifest replaced in its text: nothing else of it is touched, not a comment, not a blank."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from fbsync.strict_yaml.append import scalar
from fbsync.strict_yaml.loader import parse_document

try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fbsync.strict_yaml.loader import Path


class NotReplaceable(ValueError):  # noqa: N818 - says what it is at the raise
    """A value that stands where it cannot be replaced alone, such as in an alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One value to be replaced.

    Attributes:
        path: where it stands.
        value: what is to stand there.
        beside: another key to stand after it in the same mapping, with its value; or None.
    """

    path: Path
    value: str
    beside: tuple[str, str] | None = None


def with_values(text: str, replacements: Sequence[Replacement]) -> str:
    """A text with values replaced.

    Args:
        text: a manifest that the loader takes.
        replacements: what to replace, of distinct paths.

    Raises:
        NotReplaceable: a value is no text of one line of its own, or something else would change with it.
    """
    mark, text = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    root = yaml.compose(text, Loader=Loader)
    edits = [edit for one in replacements for edit in _edits(text, root, one)]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return mark + text


def check_replaced(before: str, after: str, replacements: Iterable[Replacement]) -> None:
    """Make sure that a text says what it said, but for what was to be replaced.

    Raises:
        NotReplaceable: it does not.
    """
    wanted = copy.deepcopy(parse_document(before.encode(), file="").value)
    for one in replacements:
        holder: Any = wanted
        for step in one.path[:-1]:
            holder = holder[step]
        holder[one.path[-1]] = one.value
        if one.beside is not None:
            holder[one.beside[0]] = one.beside[1]
    document = parse_document(after.encode(), file="")
    if document.findings or document.value != wanted:
        raise NotReplaceable("this would change other values too")


def _edits(text: str, root: yaml.Node | None, one: Replacement) -> Iterable[tuple[int, int, str]]:
    holder, node = _found(root, one.path)
    start, end = node.start_mark.index, node.end_mark.index
    if not isinstance(node, yaml.ScalarNode) or node.style in ("|", ">") or "\n" in text[start:end]:
        raise NotReplaceable("it is not a single line of text")
    yield start, end, scalar(one.value)
    if one.beside is None:
        return
    name, value = one.beside
    existing = next((found for key, found in holder.value if key.value == name), None)
    if existing is not None:
        yield existing.start_mark.index, existing.end_mark.index, scalar(value)
    elif holder.flow_style:
        yield end, end, f", {name}: {scalar(value)}"
    else:
        indent = " " * holder.value[0][0].start_mark.column
        at = text.find("\n", end)
        at = len(text) if at < 0 else at - (text[at - 1] == "\r")
        yield at, at, f"{_line_end(text)}{indent}{name}: {scalar(value)}"


def _found(root: yaml.Node | None, path: Path) -> tuple[yaml.MappingNode, yaml.Node]:
    """The value at a path, and the mapping that it stands in."""
    holder, node = None, root
    for step in path:
        holder = node
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            node = None
    if node is None or not isinstance(holder, yaml.MappingNode):
        raise NotReplaceable("the entry does not have it")
    return holder, node


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
