"""Spell values as a server may, for the actions ``normalize`` and ``fold-names``."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from fbsync.sandbox.fault_effects import Spelling

_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


def respelled(fields: Mapping[str, Any], what: Collection[Spelling]) -> dict[str, Any]:
    """Return a request's fields with the server's spelling of name and endpoint. The type changes after the request."""
    changed = dict(fields)
    if isinstance(name := fields.get("name"), str):
        changed["name"] = _spelled_name(name, what)
    if isinstance(endpoint := fields.get("endpoint"), str):
        changed["endpoint"] = _spelled_endpoint(endpoint, what)
    return changed


def folded(name: str) -> str:
    """Return a text that is the same for names that differ only in case, whitespace or Unicode form."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _spelled_name(name: str, what: Collection[Spelling]) -> str:
    if "trim" in what:
        name = name.strip()
    return unicodedata.normalize("NFC", name) if "nfc" in what else name


def _spelled_endpoint(endpoint: str, what: Collection[Spelling]) -> str:
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return endpoint
    scheme, authority = (endpoint.partition(":")[0], parts.netloc)
    userinfo, at, host = authority.rpartition("@")
    if "host" in what:
        scheme, host = scheme.lower(), host.lower()
    if "port" in what:
        host = host.removesuffix(_DEFAULT_PORTS.get(scheme.lower(), ""))
    rest = endpoint.partition("://")[2].removeprefix(authority)
    slash = "/" if "slash" in what and not (parts.query or parts.fragment or parts.path.endswith("/")) else ""
    return f"{scheme}://{userinfo}{at}{host}{rest}{slash}"
