"""Drift that is to stay: what the server holds is written into the manifest, and nothing else of it is touched."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from fbsync.manifest.assemble import assemble
from fbsync.manifest.references import escape, parse_template
from fbsync.model.configurations import WITHHELD_VALUE, Field
from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.model.findings import errors_among
from fbsync.planning.drift import NONE, ChangedOutside, identity_of
from fbsync.render.drift_remedies import KEEP, remedies
from fbsync.strict_yaml.loader import parse_document
from fbsync.strict_yaml.replace import NotReplaceable, Replacement, check_replaced, with_values
from fbsync.workflow.comparison import declared_entries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fbsync.manifest.drafts import Draft
    from fbsync.model.configurations import Identity
    from fbsync.model.findings import Position
    from fbsync.planning.drift import Difference, Drift, FieldDrift
    from fbsync.workflow.project import Project


_TAKEN_OVER = (Field.NAME, Field.AI_TYPE, Field.ENDPOINT, Field.API_KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A value of the server that the manifest takes over."""

    identity: Identity
    field: Field
    position: Position
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What accepting comes to.

    Attributes:
        values: what is taken over.
        texts: the new text of each file.
    """

    values: tuple[Accepted, ...]
    texts: tuple[tuple[Path, str], ...]


def accept(project: Project, drift: Drift, names: Sequence[str]) -> Acceptance:
    """Work out how the manifest takes over what the server holds; write nothing.

    Args:
        project: whose manifest.
        drift: what differs.
        names: the entries, by name or by pattern.

    Raises:
        FbsyncError: an entry did not drift, or a value does not stand in the manifest by itself.
    """
    drafts = _drafts(project)
    values: list[Accepted] = []
    edits: dict[str, list[Replacement]] = defaultdict(list)
    for difference in _chosen(project, drift, names):
        draft = drafts.get(difference.locked.identity)
        if draft is None:
            raise _refused(difference.locked.name, "it has another name in the manifest")
        for item in difference.fields:
            file, replacement = _replacement(draft, item, project.where.environment)
            edits[file].append(replacement)
            values.append(
                Accepted(
                    identity=difference.locked.identity,
                    field=item.field,
                    position=_placed(draft, item.field),
                    before=item.known,
                    after=item.live,
                )
            )
    return Acceptance(values=tuple(values), texts=_texts(project, edits))


def kept_by_hand(project: Project, drift: Drift) -> dict[Identity, str]:
    """What to do by hand to keep a change that ``accept`` refuses to take over, by the entry's identity.

    Args:
        project: whose manifest.
        drift: what differs.
    """
    drafts, found = _drafts(project), {}
    for difference in drift.differences:
        if not isinstance(difference, ChangedOutside) or (draft := drafts.get(difference.locked.identity)) is None:
            continue
        try:
            for item in difference.fields:
                _replacement(draft, item, project.where.environment)
        except FbsyncError as error:
            found[difference.locked.identity] = error.hint
    return found


def _drafts(project: Project) -> dict[Identity, Draft]:
    """What the manifest says of each declared entry, by the identity under which it is known."""
    drafts = project.manifest.in_environment(project.where.environment)
    of_entries = dict(zip((llm.identity for llm in project.desired), drafts, strict=True))
    entries = declared_entries(project, project.known.llms)
    return {known: of_entries[llm.identity] for known, llm in entries.items()}


def _chosen(project: Project, drift: Drift, names: Sequence[str]) -> Iterable[ChangedOutside]:
    for name in names:
        found = [
            difference
            for difference in drift.differences
            if identity_of(difference).name == name or fnmatchcase(identity_of(difference).name, name)
        ]
        if not found:
            raise _refused(name, "nothing with this name differs from the known state")
        for difference in found:
            if not isinstance(difference, ChangedOutside):
                raise _whole(project, difference)
            yield difference


def _whole(project: Project, difference: Difference) -> FbsyncError:
    """The refusal to accept what is no change of values, with what keeps it."""
    declared = {known: llm.name for known, llm in declared_entries(project, project.known.llms).items()}
    advice = dict(remedies(difference, environment=project.where.environment, declared=declared))
    why = "none of its values changed: it was deleted or replaced outside, or is not in the known state"
    return _refused(identity_of(difference).name, why, f"{KEEP}: {advice[KEEP]}")


def _replacement(draft: Draft, item: FieldDrift, environment: str | None) -> tuple[str, Replacement]:
    """The edit that has the manifest say what the server holds."""
    field = item.field.value
    if item.live == WITHHELD_VALUE:
        why = f"its {field} on the server repeats a credential"
        raise _refused(draft.name or "", why, f"change {field} on the server, or run `fbsync apply` to undo the change")
    if item.field not in _TAKEN_OVER:
        raise _refused(draft.name or "", f"the server never shows its {field}", _hint_for_key(draft, item))
    if item.field is not Field.NAME and field not in draft.fields:
        hint = f"write the server's {field} into the manifest, and run `fbsync apply`"
        raise _refused(draft.name or "", f"the manifest declares no {field}", hint)
    if item.field is Field.NAME:
        beside = ("previousName", item.known)
        return draft.entry.document.file, Replacement(path=(*draft.entry.path, "name"), value=item.live, beside=beside)
    placed = draft.fields[item.field.value]
    if environment is not None and placed.path[0] != "environments":
        raise _refused(
            draft.name or "",
            f"its {item.field.value} comes from the list, which other environments share",
            f"write {item.field.value} under environments: {environment}: llms first, then accept it",
        )
    if item.live == NONE:
        hint = f"remove {field} from the manifest, and run `fbsync apply`"
        raise _refused(draft.name or "", f"the server has no {field} of its own for it", hint)
    if item.field is not Field.AI_TYPE and (names := parse_template(placed.text or "").names):
        variables = ", ".join(f"${name}" for name in names)
        hint = f"set {variables} so that {field} is {item.live}, and run `fbsync apply`"
        raise _refused(draft.name or "", f"its {field} has references, which a value would replace", hint)
    value = escape(item.live) if item.field is Field.ENDPOINT else item.live
    return placed.document.file, Replacement(path=placed.path, value=value)


def _hint_for_key(draft: Draft, item: FieldDrift) -> str:
    """How to keep a key that somebody changed: its value has to come from whoever did."""
    if item.live == NONE:
        return "remove key from the manifest, and run `fbsync apply`"
    if item.field.value in draft.fields:
        return "set the variable of its key to the server's key, and run `fbsync apply`"
    return "declare key with a variable that has the server's key, and run `fbsync apply`"


def _placed(draft: Draft, field: Field) -> Position:
    return (
        draft.entry.document.position_of((*draft.entry.path, "name")) if field is Field.NAME else draft.position(field)
    )


def _texts(project: Project, edits: dict[str, list[Replacement]]) -> tuple[tuple[Path, str], ...]:
    """The new texts, each checked: it says what it said but for the values, and makes no manifest that is wrong."""
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
            raise _refused(document.file, f"its value cannot be replaced: {error}") from None
        texts.append((Path(document.file), text))
        documents.append(parse_document(text.encode(), file=document.file))
    if errors_among(assemble(documents).findings) and not errors_among(project.manifest.findings):
        raise _refused("the manifest", "it would not be valid with the server's value")
    return tuple(texts)


def _refused(what: str, why: str, hint: str = "change the manifest by hand") -> FbsyncError:
    return FbsyncError(f"{what}: {why}", hint=hint, exit_code=ExitCode.INVALID_INPUT)
