"""Find the manifest's ``state:`` line before the manifest is read.

The known state is read first, so that credentials are stretched while the manifest is read. After the manifest has been
read strictly, its ``state`` is compared with what this module found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fbsync.manifest.sources import find_files
from fbsync.model.errors import FbsyncError, InvalidInput
from fbsync.model.findings import Finding
from fbsync.strict_yaml.source_bytes import STANDARD_INPUT, can_be_read_again, read_bytes
from fbsync.workflow.target import DEFAULT_MANIFEST, STATE_VARIABLE, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from fbsync.manifest.assemble import Manifest
    from fbsync.model.findings import Position

_LINE = re.compile(rb"^state[ \t]*:[ \t]+([^\s#][^\r\n]*?)[ \t]*(?:[ \t]#[^\r\n]*)?\r?$", re.MULTILINE)
_QUOTED = re.compile(r"'([^']*)'|\"([^\"\\]*)\"")


def find_target(
    *,
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    lock_file: Path | None,
    state: str | None,
    api_url: str | None,
    variables: Mapping[str, str],
) -> Where:
    """Return the target. The caller, or else the environment, or else the manifest says where the known state is.

    Args:
        files: manifests and folders of manifests. If empty, ``fbsync.yaml``.
        environment: the environment's name, or None.
        env_files: the .env files.
        lock_file: the lockfile, or None. It wins over the environment's variables and the manifest.
        state: where the known state is kept, or None if the caller does not say.
        api_url: the server, or None.
        variables: the environment's variables.
    """
    paths = files or (DEFAULT_MANIFEST,)
    given = state or (None if lock_file is not None else variables.get(STATE_VARIABLE)) or None
    return Where(
        files=paths,
        environment=environment,
        env_files=env_files,
        lock_file=lock_file,
        state=given or (None if lock_file is not None else find_state(paths)),
        is_state_given=given is not None or lock_file is not None,
        api_url=api_url,
    )


def find_state(paths: Iterable[Path]) -> str | None:
    """Find where manifests say that the known state is kept. Return None if none seems to say so.

    Args:
        paths: manifests and folders of manifests. Standard input and named pipes are skipped, because they can be
            read only once.
    """
    return next(_state_lines(paths), None)


def _state_lines(paths: Iterable[Path]) -> Iterator[str]:
    for file in find_files(paths)[0]:
        if file == STANDARD_INPUT or not can_be_read_again(file):
            continue
        data = read_bytes(file, shown_as=str(file))
        if isinstance(data, Finding):
            continue  # Reported when the manifest is read.
        for said in _LINE.findall(data):
            text = said.decode("utf-8", "replace")
            quoted = _QUOTED.fullmatch(text)
            yield text if quoted is None else quoted[1] or quoted[2] or ""


def check_state(where: Where, manifest: Manifest) -> None:
    """Check that the known state is kept where the manifest says.

    Args:
        where: the command's target. If it says where the state is, the manifest does not count.
        manifest: the manifest.

    Raises:
        InvalidInput: see ``state_findings``.
    """
    if found := tuple(state_findings(where, manifest)):
        raise InvalidInput(found)


def state_findings(where: Where, manifest: Manifest) -> Iterator[Finding]:
    """Yield what is wrong with a manifest's ``state``: each invalid address, then a value that ``find_state`` missed.

    Args:
        where: the command's target.
        manifest: the manifest.
    """
    said = tuple(_said(manifest))
    yield from (finding for state, position in said if (finding := _of_address(state, position)) is not None)
    if where.is_state_given:
        return
    several = len({state for state, _ in said}) > 1
    other = next((position for state, position in said if state != where.state), None)
    if other is not None:
        yield _disagreement(other) if several else _unseen(other)


def _of_address(state: str, position: Position) -> Finding | None:
    """Return a finding if an address is not valid. The message does not repeat the address."""
    if "$" in state:
        return Finding(
            rule="state-address",
            position=position,
            message="the state's address cannot contain references",
            remedy="write the address itself, or set FBSYNC_STATE or --state for each run",
        )
    from fbsync.stores.address import parse_address

    try:
        parse_address(state)
    except FbsyncError as error:
        return Finding(rule="state-address", position=position, message=error.message, remedy=error.hint or "")
    return None


def _said(manifest: Manifest) -> Iterator[tuple[str, Position]]:
    for document in manifest.documents:
        if isinstance(document.value, dict) and isinstance(state := document.value.get("state"), str):
            yield state, document.position_of(("state",))


def _disagreement(position: Position) -> Finding:
    return Finding(
        rule="several-states",
        position=position,
        message="the manifest's files name different places for the known state",
        remedy='write the same "state" in all of them, or in only one',
    )


def _unseen(position: Position) -> Finding:
    return Finding(
        rule="state-not-seen",
        position=position,
        message='"state" must be on a line of its own',
        remedy="start the line with `state: `; for a manifest from standard input, use "
        "--state; in a program, pass the state to `fbsync.load`",
    )
