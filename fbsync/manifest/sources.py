"""Which files make up a manifest: what ``-f`` names, folders opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.findings import Finding, Position

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SUFFIXES = (".yaml", ".yml")


def find_files(paths: Iterable[Path]) -> tuple[tuple[Path, ...], tuple[Finding, ...]]:
    """Lists a manifest's files.

    Args:
        paths: files, and folders whose ``*.yaml`` and ``*.yml`` are taken (hidden files and folders below are not).

    Returns:
        The files, each once, in the order given and by name within a folder; findings for empty folders.
        A path that is not there is listed all the same: reading it gives the finding.
    """
    files: dict[Path, None] = {}
    findings = []
    for path in paths:
        found = _yaml_files(path) if path.is_dir() else [path]
        if not found:
            findings.append(
                Finding(
                    rule="empty-folder",
                    position=Position(file=str(path)),
                    message="the folder holds no *.yaml or *.yml file",
                    remedy="name a manifest, or a folder that holds one",
                )
            )
        files.update(dict.fromkeys(found))
    return tuple(files), tuple(findings)


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix in _SUFFIXES and not path.name.startswith("."))
