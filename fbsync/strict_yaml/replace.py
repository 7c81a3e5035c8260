"""Replace or remove values in a manifest's text without changing anything else in it."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

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


class NotReplaceable(ValueError):  # noqa: N818 - reads well at the raise
    """A value that cannot be replaced on its own, for example because it is in an alias."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedValue:
    """A value to replace.

    Attributes:
        path: where the value is.
        value: the new value.
        beside: another key and its value to set in the same mapping, or None. A new key comes after the value.
    """

    path: Path
    value: str
    beside: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedValue:
    """A mapping's key or a list's item to remove, with its lines.

    Attributes:
        path: where the key or the item is.
    """

    path: Path


Edit: TypeAlias = ReplacedValue | RemovedValue


def with_values(text: str, replacements: Sequence[Edit]) -> str:
    """Return a text with values replaced and removed.

    Args:
        text: a manifest that the loader accepts.
        replacements: what to replace or remove. Paths are distinct.

    Raises:
        NotReplaceable: a value is not text on a single line, or something else would change with it.
    """
    mark, text = text[: text.startswith("\ufeff")], text.removeprefix("\ufeff")
    root = yaml.compose(text, Loader=Loader)
    edits = [
        edit
        for one in replacements
        for edit in (_edits(text, root, one) if isinstance(one, ReplacedValue) else [_lines_of(text, root, one)])
    ]
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return mark + text


def check_replaced(before: str, after: str, replacements: Sequence[Edit]) -> None:
    """Check that nothing but the given replacements changed the values of a text.

    Raises:
        NotReplaceable: other values changed too, or the new text has findings.
    """
    wanted = copy.deepcopy(parse_document(before.encode(), file="").value)
    for one in replacements:
        if isinstance(one, ReplacedValue):
            holder = _holder(wanted, one.path)
            holder[one.path[-1]] = one.value
            if one.beside is not None:
                holder[one.beside[0]] = one.beside[1]
    # In reverse order, because removing an item from a list moves the items after it.
    removed = (one.path for one in replacements if isinstance(one, RemovedValue))
    for path in sorted(removed, key=lambda path: [(isinstance(step, int), step) for step in path], reverse=True):
        del _holder(wanted, path)[path[-1]]
    document = parse_document(after.encode(), file="")
    if document.findings or document.value != wanted:
        raise NotReplaceable("this would change other values too")


def _holder(value: Any, path: Path) -> Any:  # noqa: ANN401 - YAML
    """Return the mapping or the list that contains the value at a path."""
    for step in path[:-1]:
        value = value[step]
    return value


def _lines_of(text: str, root: yaml.Node | None, one: RemovedValue) -> tuple[int, int, str]:
    """Return the edit that removes the whole lines of a key with its value, or of an item."""
    holder = _node(root, one.path[:-1])
    if isinstance(holder, yaml.MappingNode):
        node, first = next(((value, key) for key, value in holder.value if key.value == one.path[-1]), (None, None))
        lead = ""
    else:
        node = first = _node(holder, one.path[-1:])
        lead = "-"
    is_block = isinstance(holder, yaml.CollectionNode) and not holder.flow_style and len(holder.value) > 1
    if node is None or first is None or not is_block:
        raise NotReplaceable("it shares a line with something else")
    start = text.rfind("\n", 0, first.start_mark.index) + 1
    if text[start : first.start_mark.index].strip() != lead:
        raise NotReplaceable("it shares a line with something else")
    end = text.find("\n", max(_ends(node)))
    return start, len(text) if end < 0 else end + 1, ""


def _ends(node: yaml.Node) -> Iterable[int]:
    """Yield where the texts in a node end. The end of a block itself comes after the comments that follow it."""
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        yield node.end_mark.index if node.end_mark.column else node.end_mark.index - 1
        return
    for item in node.value:
        for part in item if isinstance(item, tuple) else (item,):
            yield from _ends(part)


def _node(root: yaml.Node | None, path: Path) -> yaml.Node | None:
    """Return the node at a path, or None."""
    node = root
    for step in path:
        if isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
        else:
            return None
    return node


def _edits(text: str, root: yaml.Node | None, one: ReplacedValue) -> Iterable[tuple[int, int, str]]:
    holder, node = _value_at(root, one.path)
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
        yield at, at, f"{_line_break(text)}{indent}{name}: {scalar(value)}"


def _value_at(root: yaml.Node | None, path: Path) -> tuple[yaml.MappingNode, yaml.Node]:
    """Return the mapping that contains the value at a path, and the value."""
    holder, node = _node(root, path[:-1]), _node(root, path)
    if node is None or not isinstance(holder, yaml.MappingNode):
        raise NotReplaceable("the entry does not have it")
    return holder, node


def _line_break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
