"""Read settings from variables: how to sign in, which server to use, and where fbsync's own files are."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from fbsync.model.errors import ExitCode, FbsyncError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fbsync.model.secret import Secret
    from fbsync.variables import Variables

DEFAULT_API_URL = "https://backend.flashback.tech"
"""The base URL of every sample in the vendor's documentation (``flashback-api.md``, 'Common')."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The credentials to sign in with. They come from variables only."""

    token: Secret | None = None
    refresh_token: Secret | None = None
    email: Secret | None = None
    password: Secret | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The credentials that are set."""
        given = (self.token, self.refresh_token, self.email, self.password)
        return tuple(secret for secret in given if secret is not None)


def read_account(variables: Variables) -> Account:
    """Read the credentials to sign in with (``design.md``, 'Commands').

    Raises:
        FbsyncError: a value does not fit its variable, such as a token that contains a space.
    """
    account = Account(
        token=variables.secret("FLASHBACK_TOKEN"),
        refresh_token=variables.secret("FLASHBACK_REFRESH_TOKEN"),
        email=variables.secret("FLASHBACK_EMAIL"),
        password=variables.secret("FLASHBACK_PASSWORD"),
    )
    for secret in (account.token, account.refresh_token):
        if secret is not None:
            _check_token(secret)
    if account.email is not None and not _is_email(account.email):
        _refuse(account.email, "is not an email address", "the email address of the account")
    if account.password is not None and account.password.reveal().endswith(("\n", "\r")):
        _refuse(account.password, "ends with a line break", "the password and nothing else")
    return account


def _check_token(secret: Secret) -> None:
    """Make sure that a header can carry a token, and that the value is nothing but the token."""
    token = secret.reveal()
    why: str | None
    if token.lower().startswith("bearer "):
        why = 'starts with "Bearer"'
    elif token[0] in "\"'`" or token[-1] in "\"'`":
        why = "has quotes around it"
    elif token != token.strip():
        why = "starts or ends with a space or a line break"
    elif not token.isascii() or not token.isprintable() or " " in token:
        why = "has a character that tokens cannot have, such as a space or a line break"
    else:
        why = secret.doubt
    if why is not None:
        _refuse(secret, why, "the token and nothing else")


def _is_email(secret: Secret) -> bool:
    text = secret.reveal()
    return "@" in text and text.isprintable() and " " not in text


def _refuse(secret: Secret, why: str, what: str) -> NoReturn:
    raise FbsyncError(
        f"the value of {secret} {why}",
        hint=f"set {secret.reference} to {what}",
        exit_code=ExitCode.INVALID_INPUT,
    )


def means_of_signing_in(variables: Variables) -> tuple[str, ...]:
    """Return the names of the variables that fbsync signs in with: the first set that is complete, or none."""
    for means in (("FLASHBACK_TOKEN",), ("FLASHBACK_REFRESH_TOKEN",), ("FLASHBACK_EMAIL", "FLASHBACK_PASSWORD")):
        if all(variables.source(name) is not None for name in means):
            return means
    return ()


def no_means(variables: Variables) -> FbsyncError:
    """Return the error for variables that are not enough to sign in. It names the missing one."""
    pair = ("FLASHBACK_EMAIL", "FLASHBACK_PASSWORD")
    there = [name for name in pair if variables.source(name) is not None]
    empty = [name for name in ("FLASHBACK_TOKEN", "FLASHBACK_REFRESH_TOKEN", *pair) if variables.is_empty(name)]
    if there:
        (lacking,) = set(pair) - set(there)
        is_empty = variables.is_empty(lacking)
        message = f"signing in needs both: ${there[0]} is set, and ${lacking} is {'empty' if is_empty else 'not set'}"
        hint = f"set {lacking} as well, or FLASHBACK_TOKEN instead"
    else:
        about = f": {' and '.join(f'${name}' for name in empty)} {'is' if len(empty) == 1 else 'are'} empty"
        message = f"there are no credentials to sign in with{about if empty else ''}"
        hint = "set FLASHBACK_TOKEN, or FLASHBACK_REFRESH_TOKEN, or FLASHBACK_EMAIL and FLASHBACK_PASSWORD"
    return FbsyncError(message, hint=hint, exit_code=ExitCode.NOT_ALLOWED)


def check_api_url(url: str) -> str:
    """Check the API's base URL, and return it without a slash at its end.

    Raises:
        FbsyncError: it is not an http(s) URL with a host, or it has a user name, a query, a fragment or whitespace.
    """
    if why := _wrong_api_url(url):
        raise FbsyncError(
            f"the API URL {why}",
            hint=f"set --api-url or FLASHBACK_API_URL to something like {DEFAULT_API_URL}",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return url.rstrip("/")


def _wrong_api_url(url: str) -> str | None:
    """Say what is wrong with the API's URL without repeating any part of it. None if nothing is wrong."""
    if url != url.strip():
        return "starts or ends with a space or a line break"
    if not url.isprintable() or any(character.isspace() or character in '\\<>"{}|^`' for character in url):
        return "has a character that is not allowed in URLs, such as a space or a line break"
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.username is not None or parts.query or parts.fragment:
        return "is not an http or https URL with a host and optionally a port and a path"
    return None


def sends_in_clear(url: str) -> bool:
    """Whether a server's URL lets the token and the credentials cross a network unencrypted."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname)


def find_state_folder(environment: Mapping[str, str]) -> Path:
    """Return the user's folder for state that belongs to no project (XDG Base Directory Specification)."""
    base = environment.get("XDG_STATE_HOME")
    return (Path(base) if base else _home(environment) / ".local" / "state") / "fbsync"


def _home(environment: Mapping[str, str]) -> Path:
    """The user's home, or a folder that does not exist if the user has no home (a container's user without an account).

    ``/nonexistent`` is the home of such accounts by convention (Debian Policy, 9.2.3). Nothing is read from it, and
    writing to it fails. In a folder that everybody may write to, other people's files would count as the user's.
    """
    if home := environment.get("HOME"):
        return Path(home)
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


def is_loopback(host: str | None) -> bool:
    """Whether a URL's host is this machine."""
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False
