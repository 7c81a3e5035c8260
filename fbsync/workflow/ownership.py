"""Find out which manifest declares an entry, and whether this run reads that manifest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from fbsync.manifest.sources import shown_path
from fbsync.strict_yaml.source_bytes import STDIN_NAME
from fbsync.workflow.target import is_folder

if TYPE_CHECKING:
    from fbsync.workflow.target import Where


class Manifests:
    """The manifests and folders that a run reads. The known state names them relative to its base (``Where.base``).

    Args:
        where: the run's target.
    """

    def __init__(self, where: Where) -> None:
        self._base = os.path.abspath(where.base)  # noqa: PTH100 - keeps links as they are
        folders = {shown_path(file): is_folder(file) for file in where.files}
        self._folders = {name: self._relative(name) for name, is_one in folders.items() if is_one}
        self._files = {name: self._relative(name) for name, is_one in folders.items() if not is_one}
        self._read = {*self._folders.values(), *self._files.values()}

    def declaring(self, file: str) -> str:
        """Return the manifest that a file with entries belongs to: the file itself, or the folder that was read."""
        if file in self._files:
            return self._files[file]
        folder = os.path.dirname(file) or "."  # noqa: PTH120 - the path as it is shown
        return self._folders.get(folder) or self._relative(file)

    def reads(self, declared_in: str | None) -> bool:
        """Whether this run reads the manifest that declared a known entry, and so sees whether it still does."""
        if declared_in is None or declared_in in self._read:
            return True
        return (os.path.dirname(declared_in) or ".") in self._folders.values()  # noqa: PTH120

    def _relative(self, file: str) -> str:
        if file == STDIN_NAME:
            return file
        return os.path.relpath(file, self._base)
