"""Variables from the environment and .env files, and the rules for what each file may set."""

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
"""The variables that fbsync signs in with (``design.md``, 'Commands')."""

API_URL_VARIABLE = "FLASHBACK_API_URL"
OWN_PREFIX = "FBSYNC_"
"""The prefix of variables that configure fbsync itself."""

FINGERPRINT_KEY_VARIABLE = "FBSYNC_FINGERPRINT_KEY"

_ENVIRONMENT_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Valid names of environments, as in the manifest's schema. The name becomes part of file names."""


class Variables:
    """The variables that references read: the environment, then files.

    A variable that is set but empty counts as not set: CI systems hand empty strings to runs that may not see a
    credential. A file that fbsync reads automatically never sets the API URL or fbsync's own variables. It sets
    sign-in variables only if the environment and the named files have none of them: a file of a pull request must
    not send a token elsewhere. The object never shows a value.

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
        """Return the value of a variable that is not a credential, or None if the variable is not set."""
        for _, values in self._sources:
            if value := values.get(name):
                return value
        return None

    def secret(self, name: str) -> Secret | None:
        """Return the value of a variable that is a credential, or None if the variable is not set.

        Raises:
            FbsyncError: the value is not text: its bytes are not UTF-8.
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
        """Whether a variable's value is UTF-8. Python puts surrogates in place of other bytes."""
        value = self.text(name) or ""
        return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)

    def source(self, name: str) -> str | None:
        """Return where a variable is set: ``environment``, a file's path, or None."""
        for file, values in self._sources:
            if values.get(name):
                return file or "environment"
        return None

    def is_empty(self, name: str) -> bool:
        """Whether a variable is set, but has an empty value in every source."""
        return self.text(name) is None and any(name in values for _, values in self._sources)


def _ignored(file: EnvFile, *, signs_in: bool) -> frozenset[str]:
    """The variables that are ignored in a file."""
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
    """Read the .env files, which the process's environment overrides.

    Args:
        folders: the manifests' folders. Their ``.env.ENVIRONMENT`` and ``.env`` are read if they exist.
        env_files: the files named with ``--env-file``, each of which overrides the ones before. They must exist.
        environment: the process's environment.
        environment_name: the name given with ``-e``, or None.

    Raises:
        InvalidInput: a file cannot be read, or a line is not an assignment.
        FbsyncError: the environment's name is not valid.
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
    """Make sure that an environment's name is valid, before it becomes part of a path.

    Raises:
        FbsyncError: the name is not valid.
    """
    if name is not None and not re.fullmatch(_ENVIRONMENT_NAME, name):
        raise FbsyncError(
            "the name given with -e is not a valid environment name",
            hint="use the name of an environment in the manifest: at most 64 letters, digits, dots, underscores and "
            "dashes, starting with a letter or digit",
            exit_code=ExitCode.INVALID_INPUT,
        )


def _may_be_read(path: Path) -> bool:
    """Whether a file exists and is not a folder: a folder called ``.env`` usually holds a Python environment."""
    return os.path.exists(path) and not os.path.isdir(path)  # noqa: PTH110, PTH112 - these never raise
