"""Settings: what the environment and ``.env`` files say, read once, on the command line's behalf."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DEFAULT_API_URL = "https://backend.flashback.tech"
"""The base URL of every sample in the vendor's documentation (``flashback-api.md``, 'Common')."""


class Variables:
    """The variables that references stand for: files first, the real environment over them.

    A variable that is set but empty counts as not set: CI systems hand empty strings to runs that
    may not see a credential. The object never shows a value.

    Args:
        files: ``.env`` files in rising precedence, as (shown path, values).
        environment: the process's environment.
    """

    __slots__ = ("_sources",)

    def __init__(self, *, files: Iterable[tuple[str, Mapping[str, str]]], environment: Mapping[str, str]) -> None:
        self._sources = ((None, environment), *reversed(tuple(files)))

    @property
    def files(self) -> tuple[str, ...]:
        """The files of variables, in falling precedence."""
        return tuple(file for file, _ in self._sources if file is not None)

    def text(self, name: str) -> str | None:
        """The value of a variable that is no credential, or None while it is not set."""
        for _, values in self._sources:
            if value := values.get(name):
                return value
        return None

    def secret(self, name: str) -> Secret | None:
        """The value of a variable that is a credential, or None while it is not set.

        Raises:
            FbsyncError: the value is not text (bytes that are no UTF-8).
        """
        value = self.text(name)
        if value is None:
            return None
        if any("\ud800" <= character <= "\udfff" for character in value):
            _not_text(name)
        return Secret(value, reference=name)

    def source(self, name: str) -> str | None:
        """Where a variable is set: ``environment``, a file's path, or None."""
        for file, values in self._sources:
            if values.get(name):
                return file or "environment"
        return None

    def is_empty(self, name: str) -> bool:
        """Whether a variable is there but holds nothing, wherever it is looked for."""
        return self.text(name) is None and any(name in values for _, values in self._sources)


def _not_text(name: str) -> NoReturn:
    raise FbsyncError(
        f"the value of ${name} is not UTF-8 text",
        hint=f"set {name} to the credential as the provider shows it",
        exit_code=ExitCode.INVALID_INPUT,
    )


def read_variables(*, folders: Iterable[Path], env_files: Iterable[Path], environment: Mapping[str, str]) -> Variables:
    """Reads ``.env`` in each folder, then the given files, under the real environment.

    Args:
        folders: the manifests' folders; a ``.env`` that is not there is no mistake.
        env_files: what ``--env-file`` named, each over the one before; these must be there.
        environment: the process's environment.

    Returns:
        The variables.

    Raises:
        InvalidInput: a file that cannot be read, or lines that are no assignment.
    """
    optional = [path for folder in dict.fromkeys(folders) if (path := folder / ".env").is_file()]
    files, findings = [], []
    for path in (*reversed(optional), *env_files):
        values, wrong = _read_env_file(path)
        files.append((str(path), values))
        findings += wrong
    if findings:
        raise InvalidInput(findings)
    return Variables(files=files, environment=environment)


def _read_env_file(path: Path) -> tuple[dict[str, str], list[Finding]]:
    """Reads assignments by python-dotenv's own parser, values exactly as written: no interpolation."""
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else (error.strerror or "unreadable")
        return {}, [
            Finding(
                rule="env-file-unreadable",
                position=Position(file=str(path)),
                message=f"the file of variables cannot be read: {reason}",
                remedy="name a readable UTF-8 file of NAME=value lines",
            )
        ]
    wrong = [
        Finding(
            rule="env-file-syntax",
            position=Position(file=str(path), line=binding.original.line),
            message="this line is no assignment of a variable",
            remedy="write NAME=value, with quotes around a value that holds blanks or '#'",
        )
        for binding in bindings
        if binding.error or (binding.key is not None and binding.value is None)
    ]
    return {b.key: b.value for b in bindings if b.key is not None and b.value is not None}, wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The means of signing in, each from the environment and only from there."""

    token: Secret | None = None
    refresh_token: Secret | None = None
    email: Secret | None = None
    password: Secret | None = None


def read_account(variables: Variables) -> Account:
    """Reads the means of signing in (``design.md``, 'Commands').

    Raises:
        FbsyncError: a token with characters that no HTTP header can carry.
    """
    token = variables.secret("FLASHBACK_TOKEN")
    if token is not None and not (token.reveal().isascii() and token.reveal().isprintable()):
        raise FbsyncError(
            "the value of $FLASHBACK_TOKEN holds characters that a token cannot have, such as a line break",
            hint="set FLASHBACK_TOKEN to the access token alone",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return Account(
        token=token,
        refresh_token=variables.secret("FLASHBACK_REFRESH_TOKEN"),
        email=variables.secret("FLASHBACK_EMAIL"),
        password=variables.secret("FLASHBACK_PASSWORD"),
    )


def means_of_signing_in(variables: Variables) -> tuple[str, ...]:
    """The names of the variables by which fbsync signs in, the first means that is there; none where there is none."""
    for means in (("FLASHBACK_TOKEN",), ("FLASHBACK_REFRESH_TOKEN",), ("FLASHBACK_EMAIL", "FLASHBACK_PASSWORD")):
        if all(variables.source(name) is not None for name in means):
            return means
    return ()


def check_api_url(url: str) -> str:
    """The API's base URL without a slash at its end.

    Raises:
        FbsyncError: it is no http(s) URL with a host, or holds credentials, a query or a fragment.
    """
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or parts.username is not None or parts.query or parts.fragment:
        raise FbsyncError(
            "the API URL is not an http or https URL with a host and, at most, a port and a path",
            hint=f"set --api-url or FLASHBACK_API_URL to something like {DEFAULT_API_URL}",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return url.rstrip("/")


def sends_in_clear(url: str) -> bool:
    """Whether a server's URL lets the token and the credentials cross a network unencrypted."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_loopback(parts.hostname)


def find_state_folder(environment: Mapping[str, str]) -> Path:
    """The user's folder for state that belongs to no project (XDG Base Directory Specification, XDG_STATE_HOME)."""
    base = environment.get("XDG_STATE_HOME")
    return (Path(base) if base else _home(environment) / ".local" / "state") / "fbsync"


def _home(environment: Mapping[str, str]) -> Path:
    """The user's home; for a user who has none (a container's number that no account has), a folder that is not there.

    ``/nonexistent`` is what such accounts have by convention (Debian Policy, 9.2.3): nothing is read from it, and
    writing there fails, where a folder that everybody may write to would take other people's files for the user's.
    """
    if home := environment.get("HOME"):
        return Path(home)
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


def is_loopback(host: str | None) -> bool:
    """Whether a URL's host is this machine itself."""
    if host == "localhost":
        return True
    try:
        return host is not None and ip_address(host).is_loopback
    except ValueError:
        return False
