"""Variables from the environment and .env files, and which of those files may set what."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from fbsync.env_files import EnvFile, read_env_file
from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput
from fbsync.model.findings import Finding, Position, Severity
from fbsync.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

SIGN_IN_VARIABLES = ("FLASHBACK_TOKEN", "FLASHBACK_REFRESH_TOKEN", "FLASHBACK_EMAIL", "FLASHBACK_PASSWORD")
"""The variables by which fbsync signs in (``design.md``, 'Commands')."""

API_URL_VARIABLE = "FLASHBACK_API_URL"
OWN_PREFIX = "FBSYNC_"
"""The prefix of variables that configure fbsync itself."""

FINGERPRINT_KEY_VARIABLE = "FBSYNC_FINGERPRINT_KEY"

_ENVIRONMENT_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Valid names of environments, as in the manifest's schema. The name becomes part of file names."""


class Variables:
    """The variables that references read: the environment, then files.

    A variable that is set but empty counts as not set: CI systems hand empty strings to runs that may not see a
    credential. From a file that fbsync reads by itself, the API URL and fbsync's own variables are never taken, and
    the means of signing in only where the environment and the named files have none of them: a file of a pull
    request must not send a token elsewhere. The object never shows a value.

    Args:
        files: the files that were read, in rising precedence.
        environment: the process's environment.
    """

    __slots__ = ("_sources", "files", "warnings")

    files: tuple[str, ...]
    """The files that were read, in falling precedence."""

    warnings: tuple[Finding, ...]
    """A finding for each variable of a file that is ignored."""

    def __init__(self, *, files: Iterable[EnvFile] = (), environment: Mapping[str, str]) -> None:
        ordered = tuple(reversed(tuple(files)))
        named = [environment, *(file.values for file in ordered if not file.is_automatic)]
        signs_in = any(values.get(name) for values in named for name in SIGN_IN_VARIABLES)
        sources: list[tuple[str | None, Mapping[str, str]]] = [(None, environment)]
        warnings: list[Finding] = []
        for file in ordered:
            ignored = _ignored(file, signs_in=signs_in)
            warnings += (
                _not_taken(file, name) for name in file.values if name in ignored and not environment.get(name)
            )
            sources.append((file.path, {k: v for k, v in file.values.items() if k not in ignored}))
        self._sources = tuple(sources)
        self.files = tuple(file.path for file in ordered)
        self.warnings = tuple(warnings)

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
        if not self.is_text(name):
            raise FbsyncError(
                f"the value of ${name} is not UTF-8 text",
                hint=f"set {name} to the credential exactly as the provider shows it",
                exit_code=ExitCode.INVALID_INPUT,
            )
        return Secret(value, reference=name)

    def is_text(self, name: str) -> bool:
        """Whether a variable's value is UTF-8; Python has surrogates in the place of bytes that are not."""
        value = self.text(name) or ""
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)

    def source(self, name: str) -> str | None:
        """Where a variable is set: ``environment``, a file's path, or None."""
        for file, values in self._sources:
            if values.get(name):
                return file or "environment"
        return None

    def is_empty(self, name: str) -> bool:
        """Whether a variable is there but holds nothing, wherever it is looked for."""
        return self.text(name) is None and any(name in values for _, values in self._sources)


def _ignored(file: EnvFile, *, signs_in: bool) -> frozenset[str]:
    """The variables of a file that are not taken from it."""
    if not file.is_automatic:
        return frozenset()
    return frozenset(
        name
        for name in file.values
        if name == API_URL_VARIABLE or name.startswith(OWN_PREFIX) or (signs_in and name in SIGN_IN_VARIABLES)
    )


def _not_taken(file: EnvFile, name: str) -> Finding:
    if name in SIGN_IN_VARIABLES:
        message = (
            f"{name} is ignored here: the environment or a file named with --env-file already has sign-in variables"
        )
        remedy = f"remove it, or set {name} in the environment"
    else:
        message = f"{name} is ignored in files that fbsync reads automatically"
        remedy = f"set it in the environment, or name the file with --env-file {file.path}"
    return Finding(
        rule="variable-not-taken",
        position=Position(file=file.path, line=file.lines.get(name, 0)),
        message=message,
        remedy=remedy,
        severity=Severity.WARNING,
    )


def read_variables(
    *,
    folders: Iterable[Path],
    env_files: Iterable[Path],
    environment: Mapping[str, str],
    environment_name: str | None = None,
) -> Variables:
    """Read the files of variables under the real environment.

    Args:
        folders: the manifests' folders, in which ``.env.ENVIRONMENT`` and ``.env`` are looked for; an absent one is
            no mistake.
        env_files: what ``--env-file`` named, each over the one before; these must be there.
        environment: the process's environment.
        environment_name: what ``-e`` named, or None.

    Returns:
        The variables.

    Raises:
        InvalidInput: a file that cannot be read, or lines that are no assignment.
        FbsyncError: no environment can have this name.
    """
    check_environment_name(environment_name)
    names = [".env"] if environment_name is None else [f".env.{environment_name}", ".env"]
    folders = tuple(dict.fromkeys(folders))
    automatic = [path for name in names for folder in folders if _may_be_read(path := folder / name)]
    files: list[EnvFile] = []
    findings: list[Finding] = []
    for path, is_automatic in (*((p, True) for p in reversed(automatic)), *((p, False) for p in env_files)):
        file, wrong = read_env_file(path, is_automatic=is_automatic)
        files.append(file)
        findings += wrong
    if findings:
        raise InvalidInput(findings)
    return Variables(files=files, environment=environment)


def check_environment_name(name: str | None) -> None:
    """Make sure that an environment can have a name, before the name becomes part of a path.

    Raises:
        FbsyncError: none can.
    """
    if name is not None and not re.fullmatch(_ENVIRONMENT_NAME, name):
        raise FbsyncError(
            "the name given with -e is not a valid environment name",
            hint="use the name of an environment in the manifest: at most 64 letters, digits, dots, underscores and "
            "dashes, starting with a letter or digit",
            exit_code=ExitCode.INVALID_INPUT,
        )


def _may_be_read(path: Path) -> bool:
    """Whether there is something to read: a folder called ``.env`` usually holds a Python environment."""
    return os.path.exists(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112 - these never raise
