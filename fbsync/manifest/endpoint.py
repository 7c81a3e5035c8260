"""Check that an endpoint is a URL (RFC 3986; hosts by RFC 1123), more strictly than the standard library.

An unresolved reference may stand for anything. Its value is checked when it is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from fbsync.manifest.references import parse_template
from fbsync.model.findings import Severity
from fbsync.redact import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = "\ue000"
"""Replaces an unresolved reference: a private character, which no URL may contain unescaped."""

# The patterns for endpoints that are not plain are compiled only if a manifest has such an endpoint.
_URL = r"(?s)(?P<scheme>[^:/?#]+)://(?P<authority>[^/?#]*).*"
_WRONG_SLASHES = r"(?P<scheme>[A-Za-z]{2,8})(?::|//)"
_NEVER = r"[\s\x00-\x20\x7f\"<>\\^`{|}]"
_BAD_ESCAPE = r"%(?![0-9A-Fa-f]{2})"
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_PLAIN = re.compile(
    r"https://(?=[a-z0-9.-]{1,63}(?:[:/]|\Z))(?:[a-z0-9]+(?:-[a-z0-9]+)*\.)+[a-z]+"
    r"(?::[1-9][0-9]{0,3})?(?:/[A-Za-z0-9._~-]*)*"
)
"""Ordinary endpoint URLs. The host is short enough that none of its labels can be too long."""

_CREDENTIAL_ENDINGS = ("key", "token", "secret", "password", "passwd", "pwd", "auth", "authorization", "signature")
_LONGEST_HOST = 253
_HIGHEST_PORT = 65535
_EXAMPLE = "write, for example, https://api.openai.com/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A mistake in an endpoint. The message repeats no part of the URL, which may contain credentials."""

    rule: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR


def is_plain(url: str) -> bool:
    """Whether a quick look shows that an endpoint has no faults. Other endpoints may have no faults either."""
    return _PLAIN.fullmatch(url) is not None


def faults_of_template(template: str) -> Iterator[Fault]:
    """Yield the faults that an endpoint as written has with any values of its references."""
    parts = list(parse_template(template).parts)
    parts[1::2] = [OPEN] * len(parts[1::2])
    return faults("".join(parts))


def faults(url: str) -> Iterator[Fault]:
    """Yield the faults of an endpoint: the first reason why it is not a URL, and further faults of the URL.

    Args:
        url: the endpoint, with ``OPEN`` in place of each unresolved reference.
    """
    if url.startswith(OPEN):
        yield from _credentials_in_url(url.partition(OPEN)[2])
        return
    parts = re.fullmatch(_URL, url)
    why = _not_a_url(url) if parts is None else _wrong_part(parts, url)
    if why is not None:
        yield Fault(rule="endpoint-no-url", message=f"the endpoint is not a URL: {why[0]}", remedy=why[1])
    if parts is None:
        return
    yield from _credentials_in_url(url)
    if why is None and parts["scheme"].lower() == "http" and not _is_loopback(_host_and_port(parts["authority"])[0]):
        yield Fault(
            rule="endpoint-plain-http",
            message="the endpoint uses http: the credential would be sent unencrypted",
            remedy="write https://",
            severity=Severity.WARNING,
        )


def _not_a_url(url: str) -> tuple[str, str]:
    wrong = re.match(_WRONG_SLASHES, url)
    if wrong and nearest(wrong["scheme"], ("http", "https")):
        return "its scheme is not followed by ://", _EXAMPLE
    return "it has no scheme", f"start it with https://; {_EXAMPLE}"


def _wrong_part(parts: re.Match[str], url: str) -> tuple[str, str] | None:
    """What is wrong with the first invalid part, and what to write instead; None if all parts are valid."""
    if parts["scheme"].lower() not in ("http", "https") and OPEN not in parts["scheme"]:
        return "its scheme is not https or http", "start it with https://"
    if re.search(_NEVER, url):
        return "it has a character that is not allowed in URLs, such as a space, a brace or a backslash", _EXAMPLE
    if re.search(_BAD_ESCAPE, url):
        return "it has a percent sign without two hexadecimal digits after it", "write %25 for a literal percent sign"
    host, port = _host_and_port(parts["authority"])
    if not host:
        return "it has no host", _EXAMPLE
    if not _is_host(host):
        return "its host is not a valid name or address", _EXAMPLE
    if port is not None and not _is_port(port):
        return f"its port is not a number from 1 to {_HIGHEST_PORT}", "write the port as a number, or leave it out"
    return None


def _host_and_port(authority: str) -> tuple[str, str | None]:
    """The host, and the port or None. A colon inside brackets belongs to an address."""
    place = authority.rpartition("@")[2]
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        return place, None
    return host, port


def _is_host(host: str) -> bool:
    if host.startswith("["):
        return host.endswith("]") and (OPEN in host or _is_address(host[1:-1], version=6))
    host = host.replace(OPEN, "x").removesuffix(".")
    if len(host) > _LONGEST_HOST:
        return False  # checked before the encoding, which is slow for a long host and does not make it shorter
    try:
        ascii_host = host.encode("idna").decode() if not host.isascii() else host
    except UnicodeError:
        return False
    labels = ascii_host.split(".")
    if labels[-1].isdigit():
        return _is_address(ascii_host, version=4)
    return len(ascii_host) <= _LONGEST_HOST and all(re.fullmatch(_LABEL, label) for label in labels)


def _is_address(text: str, *, version: int) -> bool:
    try:
        return ip_address(text).version == version
    except ValueError:
        return False


def _is_port(port: str) -> bool:
    return OPEN in port or (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _HIGHEST_PORT)


def _is_loopback(host: str) -> bool:
    bare = host.strip("[]").removesuffix(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    return any(_is_address(bare, version=version) for version in (4, 6)) and ip_address(bare).is_loopback


def _credentials_in_url(url: str) -> Iterator[Fault]:
    """Yield a fault for credentials in a URL: plans would show them, the lockfile keep them, and proxies log them."""
    authority = re.split(r"[/?#]", url.partition("://")[2] or url, maxsplit=1)[0]
    if "@" in authority:
        yield Fault(
            rule="endpoint-credentials",
            message="the endpoint contains a user name or a password",
            remedy="remove them from the URL, and put the credential in secret, as a reference",
        )
    query = url.partition("?")[2].partition("#")[0]
    names = (parameter.partition("=")[0] for parameter in re.split("[&;]", query))
    if any(_names_a_credential(name) for name in names):
        yield Fault(
            rule="endpoint-credentials",
            message="the endpoint contains a credential in its query parameters",
            remedy="remove it from the URL, and put the credential in secret, as a reference",
        )


def _names_a_credential(parameter: str) -> bool:
    folded = re.sub("[-_.]", "", parameter).lower()
    return folded == "sig" or folded.endswith(_CREDENTIAL_ENDINGS)
