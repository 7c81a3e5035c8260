"""Choose the proxy for a server by the usual environment variables.

The rules are those of curl (curl(1), 'ENVIRONMENT') and of the standard library (``urllib.request``). ``NO_PROXY`` may
also contain networks, as in Go and elsewhere. The HTTP library itself does not read these variables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import SplitResult, unquote, urlsplit

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.model.secret import Secret
from fbsync.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("http", "https", "socks5", "socks5h")
_SOCKS = ("socks5", "socks5h")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy that the environment names.

    Attributes:
        variable: the variable that names the proxy.
        address: the scheme, host and port, which are safe to show.
        user: the decoded user name, or None.
        password: the decoded password, or None.
    """

    variable: str
    address: str
    user: str | None = None
    password: Secret | None = None


def proxy_for(api_url: str, environment: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for a server, or None. A server on this machine needs no proxy.

    Args:
        api_url: the server's base URL.
        environment: the process's environment.

    Raises:
        FbsyncError: the proxy cannot be used; the message names the variable.
    """
    parts = urlsplit(api_url)
    host = parts.hostname or ""
    if is_loopback(host):
        return None
    variable = _variable(parts.scheme, environment)
    if variable is None or _is_excepted(host, _port(parts), _no_proxy(environment)):
        return None
    return _parsed(variable, environment[variable])


def _variable(scheme: str, environment: Mapping[str, str]) -> str | None:
    """The variable that applies: lower case before upper case, the scheme's own before the one for all schemes."""
    for name in (f"{scheme}_proxy", "all_proxy"):
        # A CGI program gets a request's "Proxy:" header as HTTP_PROXY (https://httpoxy.org).
        upper = None if name == "http_proxy" and "REQUEST_METHOD" in environment else name.upper()
        variable = name if name in environment else upper
        if variable is not None and environment.get(variable, "").strip():
            return variable
    return None


def _no_proxy(environment: Mapping[str, str]) -> str:
    return environment.get("no_proxy", environment.get("NO_PROXY", ""))


def _port(parts: SplitResult) -> int | None:
    return parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _is_excepted(host: str, port: int | None, exceptions: str) -> bool:
    return any(_matches(item, host.rstrip("."), port) for item in re.split(r"[\s,]+", exceptions) if item)


def _matches(item: str, host: str, port: int | None) -> bool:
    """Whether an item of ``NO_PROXY`` matches a host. It is an address, a network or a domain, maybe with a port."""
    if item == "*":
        return True
    split = re.fullmatch(r"\[(?P<six>[^]]*)\](?::(?P<p6>\d+))?|(?P<name>[^:]*)(?::(?P<p>\d+))?|(?P<bare>.*)", item)
    assert split is not None
    wanted = split["p6"] or split["p"]
    if wanted is not None and int(wanted[:6]) != port:
        return False
    name = split["six"] or split["name"] or split["bare"] or ""
    try:
        address = ip_address(host)
    except ValueError:
        return _is_within(host, name)
    try:
        return address in ip_network(name, strict=False)
    except ValueError:
        return False


def _is_within(host: str, domain: str) -> bool:
    host, domain = _ascii(host), _ascii(domain.removeprefix("*").strip("."))
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return host.lower()


def _parsed(variable: str, value: str) -> Proxy:
    """Parse the proxy in a variable's value.

    Raises:
        FbsyncError: the value is not a proxy that can be used.
    """
    value = value.strip()
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname, parts.port
        user, password = _decoded(parts.username), _decoded(parts.password)
    except ValueError:
        _refuse(variable, "it is not a URL")
    if parts.scheme not in _SCHEMES:
        _refuse(variable, "its scheme is not http, https, socks5 or socks5h")
    if not host or not value.isprintable() or any(map(str.isspace, value)):
        _refuse(variable, "it is not a URL with a host")
    if parts.scheme in _SOCKS and find_spec("socksio") is None:
        raise FbsyncError(
            f"the proxy in ${variable} is a SOCKS proxy, which needs a package that is not installed",
            hint='install it: pip install "fbsync[socks]"',
            exit_code=ExitCode.INVALID_INPUT,
        )
    shown = f"[{host}]" if ":" in host else host
    return Proxy(
        variable=variable,
        address=f"{parts.scheme}://{shown}" + (f":{port}" if port is not None else ""),
        user=user,
        password=None if password is None else Secret(password, reference=variable),
    )


def _decoded(text: str | None) -> str | None:
    return None if text is None else unquote(text, errors="strict")


def _refuse(variable: str, why: str) -> NoReturn:
    raise FbsyncError(
        f"the proxy in ${variable} cannot be used: {why}",
        hint=f"set {variable} to something like http://proxy.example.com:3128, or list the server in NO_PROXY",
        exit_code=ExitCode.INVALID_INPUT,
    )
