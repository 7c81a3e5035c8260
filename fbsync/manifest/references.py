"""References: find ``$NAME``, ``${NAME}`` and ``$<NAME>`` in the manifest's strings, and resolve them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.configurations import REFERENCE, Credential, Text
from fbsync.model.configurations import VARIABLE_NAME as NAME
from fbsync.model.findings import NOWHERE, Position

if TYPE_CHECKING:
    from fbsync.variables import Variables

_TOKEN = re.compile(rf"\$(?:(?P<dollar>\$)|(?P<bare>{NAME})|\{{(?P<brace>{NAME})\}}|<(?P<angle>{NAME})>)?")
_ONE_REFERENCE = re.compile(REFERENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A parsed string.

    Attributes:
        parts: alternating literals and variable names, with a literal first and last.
        stray: the offsets of dollar signs that do not begin a valid reference.
    """

    parts: tuple[str, ...]
    stray: tuple[int, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the variables, in order."""
        return self.parts[1::2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One reference in a string.

    Attributes:
        name: the variable's name.
        at: the offset of the reference in the string.
    """

    name: str
    at: int


def references_in(text: str) -> tuple[Reference, ...]:
    """Return the references in a string, in order."""
    named = ((token, token["bare"] or token["brace"] or token["angle"]) for token in _TOKEN.finditer(text))
    return tuple(Reference(name=name, at=token.start()) for token, name in named if name)


def parse_template(text: str) -> Template:
    """Split a string at its references. ``$$`` is a dollar sign (``design.md``, 'The manifest')."""
    literal, parts, stray, end = "", [], [], 0
    for token in _TOKEN.finditer(text):
        literal += text[end : token.start()]
        end = token.end()
        name = token["bare"] or token["brace"] or token["angle"]
        if name:
            parts += [literal, name]
            literal = ""
            continue
        literal += "$"
        if not token["dollar"]:
            stray.append(token.start())
    return Template(parts=(*parts, literal + text[end:]), stray=tuple(stray))


def variable_of(text: str) -> str | None:
    """Return the variable's name if a text is exactly one reference, else None."""
    match = _ONE_REFERENCE.fullmatch(text)
    return next(filter(None, match.groups())) if match else None


def escape(text: str) -> str:
    """Double the dollar signs in a text, so that it contains no reference."""
    return text.replace("$", "$$")


def resolve_text(text: str, variables: Variables, *, position: Position = NOWHERE) -> Text:
    """Resolve a string's references. The value is None if one of its variables is not set."""
    parts = list(parse_template(text).parts)
    missing = []
    for at in range(1, len(parts), 2):
        value = variables.text(parts[at])
        if value is None:
            missing.append(parts[at])
        else:
            parts[at] = value
    value = None if missing else "".join(parts)
    return Text(template=text, value=value, missing=tuple(dict.fromkeys(missing)), position=position)


def resolve_credential(text: str, variables: Variables, *, position: Position = NOWHERE) -> Credential:
    """Resolve a string that is exactly one reference.

    A value that is not UTF-8 text counts as not set. It has its own finding.

    Raises:
        ValueError: the string is not exactly one reference; the message does not show it.
    """
    name = variable_of(text)
    if name is None:
        raise ValueError("a credential must be exactly one reference")
    secret = variables.secret(name) if variables.is_text(name) else None
    return Credential(reference=name, secret=secret, position=position)
