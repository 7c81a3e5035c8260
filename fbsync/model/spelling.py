"""Spelling: decide whether two values that are written differently are equal.

Whether a server keeps a value as it was sent is not documented (``flashback-api.md``, 'AI LLM configurations'), so
a plan, a comparison and a search by identity look at the value and not at how it is written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from fbsync.model.configurations import Field, Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fbsync.model.live import LiveLlm

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
"""RFC 3986, 2.3."""


def same(field: Field, one: str, other: str) -> bool:
    """Whether two values of a field are the same but for their spelling."""
    return one == other or canonical(field, one) == canonical(field, other)


def canonical(field: Field, value: str) -> str:
    """The canonical spelling of a field's value."""
    compare = _CANONICAL.get(field)
    return value if compare is None else compare(value)


def canonical_identity(identity: Identity) -> Identity:
    """The canonical spelling of an identity."""
    name = canonical_name(identity.name)
    return identity if name == identity.name else Identity(workspace_id=identity.workspace_id, name=name)


def canonical_name(name: str) -> str:
    """A name in Unicode's NFC (UAX 15), without surrounding whitespace and with single spaces."""
    if name.isascii():
        if name.isprintable() and "  " not in name and name[:1] != " " != name[-1:]:
            return name  # as nearly all are
    else:
        from unicodedata import normalize  # here, since most names need none of its tables

        name = normalize("NFC", name)
    return " ".join(name.split())


def loose_name(name: str) -> str:
    """A form that is equal for names that a server may treat as one, without case and whitespace."""
    return "".join(canonical_name(name).casefold().split())


@lru_cache(maxsize=4096)
def canonical_url(url: str) -> str:
    """A URL by RFC 3986, 6.2.2 (case, percent-encoding, dot segments) and 6.2.3 (default port), without a final slash.

    Args:
        url: the URL; a text that is none is returned as it is.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return url
    if not parts.scheme or not parts.hostname:
        return url
    scheme = parts.scheme.lower()
    path = _without_dot_segments(_escapes(parts.path)).rstrip("/")
    authority = _user_info(parts) + ascii_host(parts.hostname)
    if port is not None and port != _DEFAULT_PORTS.get(scheme):
        authority += f":{port}"
    query = f"?{_escapes(parts.query)}" if parts.query else ""
    fragment = f"#{_escapes(parts.fragment)}" if parts.fragment else ""
    return f"{scheme}://{authority}{path}{query}{fragment}"


def ascii_host(host: str) -> str:
    """A host as it goes over the network: in lower case, and in punycode (RFC 3492) where it is not ASCII."""
    host = host.lower()
    if ":" in host:
        return f"[{host}]"
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def served_spellings(declared: Mapping[Field, str | None], live: LiveLlm) -> tuple[tuple[Field, str], ...]:
    """The server's spellings of fields whose declared value is written differently.

    Args:
        declared: what is declared, by field, as far as the variables allow.
        live: what the server lists.
    """
    listed = {Field.NAME: live.name, Field.AI_TYPE: live.ai_type, Field.ENDPOINT: live.endpoint}
    return tuple(
        (field, there)
        for field, there in listed.items()
        if there is not None
        and (wanted := declared.get(field)) is not None
        and wanted != there
        and same(field, wanted, there)
    )


def _user_info(parts: SplitResult) -> str:
    user, at, _ = parts.netloc.rpartition("@")
    return user + at


def _escapes(text: str) -> str:
    """A text with what need not be escaped as itself, and all other escapes in upper case."""

    def one(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ESCAPE.sub(one, text)


def _without_dot_segments(path: str) -> str:
    """RFC 3986, 5.2.4."""
    if "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


_CANONICAL: dict[Field, Callable[[str], str]] = {
    Field.NAME: canonical_name,
    Field.AI_TYPE: str.upper,
    Field.ENDPOINT: canonical_url,
}
