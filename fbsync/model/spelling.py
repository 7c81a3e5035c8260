"""Spelling: decide whether two values that are written differently are equal.

The API does not say whether a server keeps the spelling of a value (``flashback-api.md``, 'AI LLM configurations').
Plans, comparisons and searches by identity therefore ignore the spelling.
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
"""The characters that need no escape (RFC 3986, 2.3)."""


def same(field: Field, one: str, other: str) -> bool:
    """Whether two values of a field differ at most in their spelling."""
    return one == other or canonical(field, one) == canonical(field, other)


def canonical(field: Field, value: str) -> str:
    """Return the canonical spelling of a field's value."""
    compare = _CANONICAL.get(field)
    return value if compare is None else compare(value)


def canonical_identity(identity: Identity) -> Identity:
    """Return the canonical spelling of an identity."""
    name = canonical_name(identity.name)
    return identity if name == identity.name else Identity(workspace_id=identity.workspace_id, name=name)


def canonical_name(name: str) -> str:
    """Return a name in Unicode's NFC (UAX 15), without surrounding whitespace and with single spaces."""
    if name.isascii():
        if name.isprintable() and "  " not in name and name[:1] != " " != name[-1:]:
            return name  # like nearly all names
    else:
        from unicodedata import normalize  # here, since most names do not need its tables

        name = normalize("NFC", name)
    return " ".join(name.split())


def loose_name(name: str) -> str:
    """Return a name without case and whitespace: equal for names that a server may treat as the same."""
    return "".join(canonical_name(name).casefold().split())


@lru_cache(maxsize=4096)
def canonical_url(url: str) -> str:
    """Normalize a URL by RFC 3986, 6.2.2 (case, percent-encoding, dot segments) and 6.2.3 (default port).

    It also removes a final slash. A text that is not a URL stays unchanged.
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
    """Return a host as it goes over the network: in lower case, and in punycode (RFC 3492) if it is not ASCII."""
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
    """Return the server's spelling of each field that the manifest spells differently.

    Args:
        declared: the declared values by field, or None if a variable is not set.
        live: the configuration as the server lists it.
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
    """Unescape the characters that need no escape, and write all other escapes in upper case."""

    def one(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ESCAPE.sub(one, text)


def _without_dot_segments(path: str) -> str:
    """Remove dot segments (RFC 3986, 5.2.4)."""
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
