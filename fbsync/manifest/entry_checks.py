"""Checks of one entry that a schema cannot express: name, references, endpoint, and what the provider needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.manifest.endpoint import Fault, faults_of_template, is_plain
from fbsync.manifest.references import parse_template
from fbsync.manifest.workspace_id import fault_of_workspace_id, is_plain_id
from fbsync.model.api_keys import is_description
from fbsync.model.findings import Finding, Severity
from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fbsync.manifest.drafts import Draft
    from fbsync.manifest.placed import GivenWorkspace
    from fbsync.model.findings import Position


def entry(draft: Draft, name: str | None, given: GivenWorkspace) -> Iterator[Finding]:
    """Yield the findings about one entry in an environment.

    Fields that violate the schema are skipped, since they already have a finding.

    Args:
        draft: the entry.
        name: its name, or None.
        given: the key and the value of its workspace.
    """
    if name is not None:
        yield from _name(draft, name)
    key, workspace = given
    if workspace is not None and key == "workspaceId" and not is_plain_id(workspace):
        yield from _workspace_id(draft, workspace)
    if (endpoint := draft.text("endpoint")) is not None and not is_plain(endpoint):
        yield from _references(draft, "endpoint")
        yield from _endpoint(draft, endpoint)
    yield from _means(draft)
    if draft.text("aiType") == "AWS" and not draft.fields.keys() & {"key", "apiKey"} and not draft.has_unknown_keys:
        yield Finding(
            rule="missing-access-key",
            position=draft.position("aiType"),
            entry=draft.name,
            message="this AWS entry has no key; AWS needs an access key id and a secret",
            remedy='add "key: $AWS_ACCESS_KEY_ID"',
            severity=Severity.WARNING,
        )


def _means(draft: Draft) -> Iterator[Finding]:
    """Find a stored key together with fields that it replaces, and required fields that an environment removes."""
    fields, written = draft.fields, draft.entry.value
    if "apiKey" in fields:
        text = draft.text("apiKey")
        if text is not None and is_description(text) and not is_wordlike(text):
            yield _no_description(draft)
        for field in ("secret", "key"):
            if field in fields:
                yield _both(draft, field)
        return
    for field, example in (("endpoint", "https://api.openai.com/v1"), ("secret", "$OPENAI_API_KEY")):
        if field not in fields and (written.get("apiKey") or written.get(field)) is not None:
            yield Finding(
                rule="missing-key",
                position=draft.position("name"),
                entry=draft.name,
                message=f'"{field}" is missing; only an entry with apiKey can leave it out',
                remedy=f'add "{field}: {example}"',
            )


def _no_description(draft: Draft) -> Finding:
    """The finding for a description that may be a credential, which plans and the lockfile would show."""
    return Finding(
        rule="no-description",
        position=draft.position("apiKey"),
        entry=draft.name,
        message="apiKey is neither a uuid nor a description in plain words: it may be a credential",
        remedy="write the uuid that `fbsync keys list` lists; what a provider calls an API key belongs in secret, as a "
        "reference",
    )


def _both(draft: Draft, field: str) -> Finding:
    """The finding, at the field with the longer path: if an environment changes one of the two, it points there."""
    later, other = sorted(("apiKey", field), key=lambda name: len(draft.fields[name].path), reverse=True)
    return Finding(
        rule="secret-and-api-key",
        position=draft.position(later),
        entry=draft.name,
        message=f"{field} and apiKey cannot be combined: a stored key replaces secret and key",
        remedy=f'remove one of the two; in an environment, write "{other}: null" to remove the other one there',
        related=(draft.position(other),),
    )


def endpoint_finding(fault: Fault, *, position: Position, entry: str | None) -> Finding:
    """Turn an endpoint's fault into a finding.

    Args:
        fault: the fault.
        position: the place of the endpoint.
        entry: the entry's name, or None.
    """
    return Finding(
        rule=fault.rule,
        position=position,
        entry=entry,
        message=fault.message,
        remedy=fault.remedy,
        severity=fault.severity,
    )


def _name(draft: Draft, name: str) -> Iterator[Finding]:
    if name != name.strip():
        yield Finding(
            rule="name-blanks",
            position=draft.position("name"),
            entry=name,
            message="the name starts or ends with whitespace",
            remedy="remove them",
            severity=Severity.WARNING,
        )
    if "$" in name and parse_template(name).names:
        yield Finding(
            rule="name-reference",
            position=draft.position("name"),
            entry=name,
            message="references do not work in names: this name is sent exactly as written, with the dollar sign",
            remedy="write the name without references",
            severity=Severity.WARNING,
        )
    if "previousName" in draft.fields and draft.text("previousName") == name:
        yield Finding(
            rule="previous-name-same",
            position=draft.position("previousName"),
            entry=name,
            message="previousName is the same as the current name",
            remedy="remove previousName, or set it to the name before the rename",
        )


def _workspace_id(draft: Draft, text: str) -> Iterator[Finding]:
    """Yield the findings that a workspace id as written has with any values of its references."""
    template = parse_template(text)
    if template.stray:
        yield from _references(draft, "workspaceId")
        return
    literals = [part for part in template.parts[::2] if part not in ("", ".", "..")] if template.names else [text]
    if why := next(filter(None, map(fault_of_workspace_id, literals)), None):
        yield Finding(
            rule="bad-workspace-id",
            position=draft.position("workspaceId"),
            entry=draft.name if draft.owns("workspaceId") else None,
            message=f"this is not a workspace id: it {why}",
            remedy="write the id as `fbsync workspaces` lists it",
        )


def _references(draft: Draft, field: str) -> Iterator[Finding]:
    text = draft.text(field)
    if text is not None and "$" in text and parse_template(text).stray:
        yield Finding(
            rule="bad-reference",
            position=draft.position(field),
            entry=draft.name if draft.owns(field) else None,
            message=f"`$` in {field} is not followed by a valid variable name: letters, digits and "
            "underscores, not starting with a digit",
            remedy="write $NAME, ${NAME} or $<NAME>, or $$ for a literal dollar sign",
        )


def _endpoint(draft: Draft, text: str) -> Iterator[Finding]:
    if not parse_template(text).stray:
        for fault in faults_of_template(text):
            yield endpoint_finding(fault, position=draft.position("endpoint"), entry=draft.name)
