"""The target of a command: manifests, environment, .env files, lockfile and server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.strict_yaml.source_bytes import STANDARD_INPUT

DEFAULT_MANIFEST = Path("fbsync.yaml")

STATE_VARIABLE = "FBSYNC_STATE"

_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """The target of a command.

    Attributes:
        files: manifests and folders of manifests.
        environment: the environment's name, or None.
        env_files: the .env files.
        lock_file: the lockfile, or None for the default lockfile of the manifests.
        state: where the known state is kept (``design.md``, 'Stores'), or None for files next to the manifests.
        is_state_given: whether an option or the environment says where the known state is, whatever the manifest says.
        store: the address of the state that the lockfile is a copy of, or None if it is not a copy.
        api_url: the server, or None for the environment's or the default one.
        is_one_of_all: whether the command runs for each environment in turn and reports errors for each one.
    """

    files: tuple[Path, ...] = (DEFAULT_MANIFEST,)
    environment: str | None = None
    env_files: tuple[Path, ...] = ()
    lock_file: Path | None = None
    state: str | None = None
    is_state_given: bool = False
    store: str | None = None
    api_url: str | None = None
    is_one_of_all: bool = False

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the manifests. ``.env`` is read from these."""
        return tuple(_folder(file) for file in self.files)

    @property
    def is_shared(self) -> bool:
        """Whether ``state`` names a store (or an invalid place) and there is no copy of the state yet."""
        return self.store is None and self.state is not None and self.state.partition(":")[0] != "file"

    @property
    def known_in(self) -> str:
        """Where the known state is, as messages show it."""
        return self.store or str(self.lock_path)

    @property
    def base(self) -> Path:
        """The folder to which manifests' names in the known state are relative.

        It is the lockfile's folder, or the checkout's top folder for a state in a store. Each clone then uses the same
        name for a manifest.
        """
        if self.store is None and not self.is_shared:
            return self.lock_path.parent
        return checkout_of(_common_folder(self.files))

    @property
    def lock_path(self) -> Path:
        """Where the lockfile is (``design.md``, 'Which file').

        Raises:
            FbsyncError: the manifest comes from standard input and nothing says where the lockfile is, or the known
                state is not kept in files.
        """
        if self.lock_file is not None:
            return self.lock_file
        folder = state_folder(self.state)
        if folder is not None:
            return folder / self.lock_name
        if STANDARD_INPUT in self.files:
            raise FbsyncError(
                "a manifest from standard input has no lockfile",
                hint="name the lockfile with --lock-file, or its folder with --state file:FOLDER",
                exit_code=ExitCode.USAGE,
            )
        return _common_folder(self.files) / self.lock_name

    @property
    def lock_name(self) -> str:
        """The lockfile's name. If there is only one manifest, it has the manifest's name."""
        distinct = {os.path.abspath(file): file for file in self.files}  # noqa: PTH100 - keeps links as they are
        stem = "fbsync"
        if len(distinct) == 1:
            (file,) = distinct.values()
            if file != STANDARD_INPUT and not is_folder(file):
                stem = file.name.removesuffix(file.suffix) if file.suffix in _SUFFIXES else file.name
        return f"{stem}.lock" if self.environment is None else f"{stem}.{self.environment}.lock"


def state_folder(state: str | None) -> Path | None:
    """Return the folder in which lockfiles are kept, or None if they are next to the manifests.

    Args:
        state: ``file`` or ``file:FOLDER``, or None for ``file``.

    Raises:
        FbsyncError: it is something else.
    """
    if state in (None, "file"):
        return None
    kind, _, folder = state.partition(":")
    if kind != "file" or not folder:
        raise FbsyncError(
            "the known state cannot be kept there: this command works with files only",
            hint="write file:FOLDER, or leave it out to keep the lockfile next to the manifest",
            exit_code=ExitCode.INVALID_INPUT,
        )
    return Path(folder)


def checkout_of(folder: Path) -> Path:
    """Return the top folder of the checkout that contains a folder, or the folder itself if there is no checkout."""
    absolute = Path(os.path.abspath(folder))  # noqa: PTH100 - keeps links as they are
    return next((top for top in (absolute, *absolute.parents) if (top / ".git").exists()), absolute)


def _common_folder(files: tuple[Path, ...]) -> Path:
    """Return the deepest folder that contains all manifests. It is absolute if one of the given paths is."""
    folders = tuple(_folder(file) for file in files)
    if len(set(folders)) == 1:
        return folders[0]
    common = os.path.commonpath([os.path.abspath(folder) for folder in folders])  # noqa: PTH100 - keeps links
    if any(folder.is_absolute() for folder in folders):
        return Path(common)
    return Path(os.path.relpath(common))


def _folder(file: Path) -> Path:
    if file == STANDARD_INPUT:
        return Path()
    return file if is_folder(file) else file.parent


def is_folder(file: Path) -> bool:
    """Whether a path leads to a folder. If that cannot be found out, the answer is False."""
    return os.path.isdir(file)  # noqa: PTH112 - never raises
