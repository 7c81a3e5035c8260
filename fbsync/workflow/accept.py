"""Accept drift: write the server's values to the manifest without changing anything else in it."""

from __future__ import annotations

import shlex
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

from fbsync.manifest.assemble import assemble
from fbsync.model.configurations import Field
from fbsync.model.errors import FbsyncError
from fbsync.model.findings import errors_among
from fbsync.planning.drift import (
    NONE,
    ChangedOutside,
    DeletedOutside,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
    identity_of_difference,
)
from fbsync.redact import nearest
from fbsync.render.drift_remedies import KEEP, remedies
from fbsync.strict_yaml.loader import parse_document
from fbsync.strict_yaml.replace import NotReplaceable, check_replaced, with_values
from fbsync.workflow.accept_edits import edit_of_entry, edit_of_field, field_place, not_acceptable
from fbsync.workflow.comparison import declared_entries
from fbsync.workflow.taken_over import taken_over

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from fbsync.manifest.drafts import Draft
    from fbsync.model.configurations import Identity
    from fbsync.model.findings import Position
    from fbsync.planning.drift import Difference, Drift
    from fbsync.strict_yaml.replace import Edit
    from fbsync.workflow.project import Project

Acceptable: TypeAlias = ChangedOutside | DeletedOutside | ReplacedOutside


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A value of the server that is written to the manifest.

    Attributes:
        identity: the entry's identity in the known state.
        field: the field, or None for an entry that the server no longer lists.
        position: the field's place in the manifest.
        before: the known value.
        after: the server's value.
    """

    identity: Identity
    field: Field | None
    position: Position
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """The result of accepting drift.

    Attributes:
        values: the accepted values.
        texts: the new text of each file.
        options: the options that ``apply`` needs to record the result.
    """

    values: tuple[Accepted, ...]
    texts: tuple[tuple[Path, str], ...]
    options: tuple[str, ...] = ()


def accept(project: Project, drift: Drift, names: Sequence[str]) -> Acceptance:
    """Work out how the manifest takes over the server's values. Nothing is written.

    Args:
        project: the project of the manifest.
        drift: the drift.
        names: the entries to accept, by name or by pattern.

    Raises:
        FbsyncError: an entry did not drift, or a value cannot be changed on its own in the manifest.
    """
    drafts = _drafts(project)
    values: list[Accepted] = []
    edits: dict[str, list[Edit]] = defaultdict(list)
    chosen = tuple(_chosen(project, drift, names))
    for difference in chosen:
        draft = drafts.get(difference.locked.identity)
        if draft is None:
            raise not_acceptable(difference.locked.name, "it has another name in the manifest")
        for value, file, edit in _edits(project, draft, difference):
            edits[file].append(edit)
            values.append(value)
    return Acceptance(values=tuple(values), texts=_texts(project, edits), options=tuple(_apply_options(chosen, drafts)))


def _edits(project: Project, draft: Draft, difference: Acceptable) -> Iterator[tuple[Accepted, str, Edit]]:
    """Yield what the manifest takes over from a difference: each value with its file and its edit."""
    environment, identity = project.where.environment, difference.locked.identity
    if isinstance(difference, DeletedOutside):
        file, edit = edit_of_entry(draft, environment, is_shared=bool(project.manifest.variants))
        position = field_place(draft, Field.NAME)
        yield Accepted(identity=identity, field=None, position=position, before="declared", after=NONE), file, edit
        return
    for item in difference.fields:
        file, edit = edit_of_field(draft, item, environment)
        position = field_place(draft, item.field)
        value = Accepted(identity=identity, field=item.field, position=position, before=item.known, after=item.live)
        yield value, file, edit


def _apply_options(chosen: Sequence[Acceptable], drafts: Mapping[Identity, Draft]) -> Iterator[str]:
    """Yield the options that ``apply`` needs to record the result, with ``--only`` if they may affect other entries."""
    if any(isinstance(difference, DeletedOutside) for difference in chosen):
        yield "--prune"
    if any(isinstance(difference, ReplacedOutside) for difference in chosen):
        yield "--adopt"
    if any(not isinstance(difference, ChangedOutside) for difference in chosen):
        yield from (f"--only {shlex.quote(_accepted_name(one, drafts[one.locked.identity]))}" for one in chosen)


def _accepted_name(difference: Acceptable, draft: Draft) -> str:
    """Return the entry's name in the manifest after the difference is accepted."""
    fields = () if isinstance(difference, DeletedOutside) else difference.fields
    return next((item.live for item in fields if item.field is Field.NAME), draft.name or "")


def kept_by_hand(project: Project, drift: Drift) -> dict[Identity, str]:
    """Return what to do by hand to keep each change that ``accept`` refuses, by the entry's identity.

    Args:
        project: the project of the manifest.
        drift: the drift.
    """
    drafts, found = _drafts(project), {}
    for difference in drift.differences:
        if isinstance(difference, Unadopted | Unmanaged) or (draft := drafts.get(difference.locked.identity)) is None:
            continue
        try:
            edits = [(file, edit) for _, file, edit in _edits(project, draft, difference)]
            if isinstance(difference, DeletedOutside):
                # Whether an entry can be removed depends on how its file is written.
                _texts(project, {file: [edit] for file, edit in edits})
        except FbsyncError as error:
            found[difference.locked.identity] = error.hint
    return found


def _drafts(project: Project) -> dict[Identity, Draft]:
    """Return the draft of each declared entry, by the entry's identity in the known state."""
    drafts = project.manifest.in_environment(project.where.environment)
    of_entries = dict(zip((llm.identity for llm in project.desired), drafts, strict=True))
    entries = declared_entries(project, project.known.llms)
    return {known: of_entries[llm.identity] for known, llm in entries.items()}


def _chosen(project: Project, drift: Drift, names: Sequence[str]) -> Iterator[Acceptable]:
    """Yield the differences to accept, each once. A pattern skips differences that cannot be accepted."""
    settled = taken_over(project, drift)
    chosen: dict[Identity, Acceptable] = {}
    for name in names:
        found = _named(drift, name)
        if not found:
            raise _unknown(drift, name)
        acceptable = [one for one in found if identity_of_difference(one) not in settled and _has_values(one)]
        refused_ones = [one for one in found if one not in acceptable]
        if refused_ones and (not acceptable or identity_of_difference(refused_ones[0]).name == name):
            raise _no_change_of_values(
                project, refused_ones[0], is_taken_over=identity_of_difference(refused_ones[0]) in settled
            )
        chosen |= {identity_of_difference(one): one for one in acceptable}
    yield from chosen.values()


def _named(drift: Drift, name: str) -> list[Difference]:
    """Return the differences with a name. If no difference has it, the name is a pattern."""
    exact = [one for one in drift.differences if identity_of_difference(one).name == name]
    return exact or [one for one in drift.differences if fnmatchcase(identity_of_difference(one).name, name)]


def _unknown(drift: Drift, name: str) -> FbsyncError:
    meant = nearest(name, [identity_of_difference(one).name for one in drift.differences])
    hint = "see `fbsync drift`" if meant is None else f"did you mean {meant!r}?"
    return not_acceptable(name, "nothing with this name differs from the known state", hint)


def _has_values(difference: Difference) -> TypeGuard[Acceptable]:
    """Whether there are values to write to the manifest. A replaced configuration may have the same values."""
    match difference:
        case Unadopted() | Unmanaged():
            return False
        case DeletedOutside():
            return True
        case _:
            return bool(difference.fields)


def _no_change_of_values(project: Project, difference: Difference, *, is_taken_over: bool) -> FbsyncError:
    """Return the error for a difference that has no changed values or was accepted before, with a hint to keep it."""
    if is_taken_over:
        hint = "run `fbsync apply`, which records it in the lockfile"
        return not_acceptable(
            identity_of_difference(difference).name, "the manifest has the server's values already", hint
        )
    declared = {known: llm.name for known, llm in declared_entries(project, project.known.llms).items()}
    advice = dict(remedies(difference, environment=project.where.environment, declared=declared))
    why = "none of its values changed: it was replaced outside, or is not in the known state"
    return not_acceptable(identity_of_difference(difference).name, why, f"{KEEP}: {advice[KEEP]}")


def _texts(project: Project, edits: dict[str, list[Edit]]) -> tuple[tuple[Path, str], ...]:
    """Return the new texts after two checks: only the given values have changed, and the manifest is still valid."""
    texts, documents = [], []
    for document in project.manifest.documents:
        replacements = edits.get(document.file)
        if replacements is None:
            documents.append(document)
            continue
        try:
            text = with_values(document.source, replacements)
            check_replaced(document.source, text, replacements)
        except NotReplaceable as error:
            raise not_acceptable(document.file, f"its value cannot be replaced: {error}") from None
        texts.append((Path(document.file), text))
        documents.append(parse_document(text.encode(), file=document.file))
    if errors_among(assemble(documents).findings) and not errors_among(project.manifest.findings):
        raise not_acceptable("the manifest", "it would not be valid with the server's value")
    return tuple(texts)
