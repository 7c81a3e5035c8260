"""Find the files of a manifest: those named with ``-f``, and those in folders named with it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fbsync.model.findings import Finding, Position
from fbsync.strict_yaml.source_bytes import STANDARD_INPUT, STDIN_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SUFFIXES = (".yaml", ".yml")


def find_files(paths: Iterable[Path]) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """List a manifest's files.

    Args:
        paths: files, ``-`` for standard input, and folders. A folder stands for its ``*.yaml`` and ``*.yml`` files,
            without hidden files and subfolders.

    Returns:
        The files, each once even if several paths lead to it, in the given order and by name within a folder, and
        findings for folders that are empty or cannot be read. A path that does not exist is also returned: reading
        it gives the finding.
    """
    files: dict[str, Path] = {}
    findings = []
    for path in paths:
        try:
            is_folder = path != STANDARD_INPUT and os.path.isdir(path)  # noqa: PTH112 - never raises
            found = _yaml_files(path) if is_folder else [path]
        except OSError as error:
            findings.append(_unreadable(path, error))
            continue
        if not found:
            findings.append(_empty(path))
        for file in found:
            files.setdefault(str(file) if file == STANDARD_INPUT else os.path.realpath(file), file)
    return tuple(files.values()), tuple(findings)


def shown_path(path: Path) -> str:
    """Return a path as messages show it: as it was given, with bytes that are not text escaped."""
    if path == STANDARD_INPUT:
        return STDIN_NAME
    return str(path).encode("utf-8", "backslashreplace").decode()


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and not path.name.startswith("."))


def _empty(path: Path) -> Finding:
    return Finding(
        rule="empty-folder",
        position=Position(file=shown_path(path)),
        message="the folder has no *.yaml or *.yml file",
        remedy="name a manifest, or a folder with manifests",
    )


def _unreadable(path: Path, error: OSError) -> Finding:
    return Finding(
        rule="folder-unreadable",
        position=Position(file=shown_path(path)),
        message=f"the folder cannot be read: {error.strerror or 'unknown reason'}",
        remedy="check its permissions",
    )
