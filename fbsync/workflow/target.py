"""Where a command works: the manifests, the environment, the files of variables, the lockfile and the server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_MANIFEST = Path("fbsync.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """What a command is to work on.

    Attributes:
        files: manifests and folders of manifests.
        environment: the environment's name, or None.
        env_files: files of variables.
        lock_file: the lockfile, or None for the one beside the first manifest.
        api_url: the server, or None for what the environment or the default says.
    """

    files: tuple[Path, ...] = (DEFAULT_MANIFEST,)
    environment: str | None = None
    env_files: tuple[Path, ...] = ()
    lock_file: Path | None = None
    api_url: str | None = None

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the manifests, in which ``.env`` is looked for."""
        return tuple(file if os.path.isdir(file) else file.parent for file in self.files)  # noqa: PTH112 - never raises

    @property
    def lock_path(self) -> Path:
        """Where the lockfile is (``design.md``, 'The lockfile')."""
        if self.lock_file is not None:
            return self.lock_file
        name = "fbsync.lock" if self.environment is None else f"fbsync.{self.environment}.lock"
        return self.folders[0] / name
