"""Find mistakes in the values of variables, and report them at the references. No value is ever shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fbsync.manifest.endpoint import faults, faults_of_template
from fbsync.manifest.references import parse_template, references_in, variable_of
from fbsync.manifest.workspace_id import fault_of_workspace_id, unseen_character
from fbsync.model.api_keys import is_uuid
from fbsync.model.findings import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from fbsync.manifest.drafts import Draft
    from fbsync.manifest.placed import Placed
    from fbsync.manifest.references import Reference
    from fbsync.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """A mistake in the value of a reference's variable."""

    reference: Reference
    rule: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR


_MOST_CHARACTERS = 4096
"""The maximum length of a field after its references are resolved. URLs and ids are far shorter."""
_SHOWN = ("apiKey", "workspaceId", "endpoint")
"""The fields whose values may be shown."""
_Check: TypeAlias = "Callable[[str, Variables], Iterator[_Fault]]"


def value_findings(drafts: Sequence[Draft], variables: Variables) -> tuple[Finding, ...]:
    """Return the findings about the values that a manifest refers to, each at its first reference.

    The value of a reference must follow the rules for a literal in its place (``design.md``, 'The manifest').

    Args:
        drafts: the entries of an environment, without errors from the schema or the checks.
        variables: the variables.
    """
    found: dict[Finding, None] = {}
    seen: dict[tuple[str, str], Sequence[_Fault]] = {}
    warned: set[str] = set()
    for draft in drafts:
        for field in _CHECKS:
            text = draft.text(field)
            if text is None or "$" not in text or (field == "workspaceId" and draft.is_by_name):
                continue
            if (field, text) not in seen:
                seen[field, text] = _faults(field, text, variables)
            for fault in seen[field, text]:
                if fault.severity is Severity.ERROR or fault.reference.name not in warned:
                    found[_fault_finding(draft, draft.fields[field], text, fault)] = None
                if fault.severity is Severity.WARNING:
                    warned.add(fault.reference.name)
    return tuple(found)


def _faults(field: str, text: str, variables: Variables) -> tuple[_Fault, ...]:
    """The faults of a field after its references are resolved. A field that is too long is not checked further."""
    if field in _SHOWN and (fault := _too_long(text, variables)) is not None:
        return (fault,)
    return tuple(_CHECKS[field](text, variables))


def _too_long(text: str, variables: Variables) -> _Fault | None:
    """The fault of a text with values that are too long, or None. A short file could otherwise expand to gigabytes."""
    references = references_in(text)
    values = (variables.text(reference.name) or "" for reference in references)
    if not references or len(text) + sum(map(len, values)) <= _MOST_CHARACTERS:
        return None
    return _Fault(
        reference=references[0],
        rule="value-too-long",
        message=f"with the value of ${references[0].name}, this has more than {_MOST_CHARACTERS:,} characters",
        remedy="use shorter values, and refer to each variable once",
    )


def _fault_finding(draft: Draft, placed: Placed, text: str, fault: _Fault) -> Finding:
    return Finding(
        rule=fault.rule,
        position=placed.document.position_in_text(placed.path, text, fault.reference.at),
        entry=draft.name if "llms" in placed.path else None,
        message=fault.message,
        remedy=fault.remedy,
        severity=fault.severity,
    )


def _workspace_id_findings(text: str, variables: Variables) -> Iterator[_Fault]:
    """Yield the faults of a workspace id after its references are resolved."""
    wrong = not references_in(text)
    for reference, value in _set_values(text, variables):
        if (why := fault_of_workspace_id(value)) is not None and why != "consists only of dots":
            wrong = True
            yield _not_a_workspace_id(reference, why)
    whole = None if wrong else _text_of(text, variables)
    if whole is not None and (why := fault_of_workspace_id(whole)) is not None:
        yield _not_a_workspace_id(references_in(text)[0], why)


def _not_a_workspace_id(reference: Reference, why: str) -> _Fault:
    return _Fault(
        reference=reference,
        rule="bad-workspace-id",
        message=f"the value of ${reference.name} is not a workspace id: it {why}",
        remedy=f"set {reference.name} to the id as `fbsync workspaces` lists it",
    )


def _endpoint_findings(text: str, variables: Variables) -> Iterator[_Fault]:
    """Yield the faults of an endpoint that only the values of its references cause."""
    wrong = not references_in(text)
    for reference, value in _set_values(text, variables):
        if (unseen := unseen_character(value)) is not None:
            wrong = True
            yield _Fault(
                reference=reference,
                rule="endpoint-no-url",
                message=f"the value of ${reference.name} cannot be part of a URL: it contains {unseen}",
                remedy=f"set {reference.name} to the value and nothing else",
            )
    whole = None if wrong else _text_of(text, variables)
    if whole is None:
        return
    before = {fault.rule for fault in faults_of_template(text)}
    names = list(dict.fromkeys(f"${reference.name}" for reference in references_in(text)))
    listed = f"the value of {names[0]}" if len(names) == 1 else f"the values of {', '.join(names)}"
    for fault in faults(whole):
        if fault.rule not in before:
            yield _Fault(
                reference=references_in(text)[0],
                rule=fault.rule,
                message=f"with {listed}, {fault.message}",
                remedy=fault.remedy,
                severity=fault.severity,
            )


def _credential_findings(text: str, variables: Variables) -> Iterator[_Fault]:
    """Yield the faults of a credential's value."""
    name = variable_of(text)
    if name is None or variables.source(name) is None:
        return
    [reference] = references_in(text)
    if not variables.is_text(name):
        yield _Fault(
            reference=reference,
            rule="value-not-utf8",
            message=f"the value of ${name} is not UTF-8 text",
            remedy=f"set {name} to the credential exactly as the provider shows it",
        )
    elif (secret := variables.secret(name)) is not None and (why := secret.doubt) is not None:
        yield _Fault(
            reference=reference,
            rule="not-a-credential",
            message=f"the value of ${name} does not look like a credential: it {why}; fbsync sends it as is",
            remedy=f"set {name} to the credential exactly as the provider shows it",
            severity=Severity.WARNING,
        )


def _api_key_findings(text: str, variables: Variables) -> Iterator[_Fault]:
    """Yield the faults of a stored key's id. Plans show the id, so a credential must not pass as one."""
    for reference, value in _set_values(text, variables):
        if not is_uuid(value):
            yield _Fault(
                reference=reference,
                rule="no-uuid",
                message=f"the value of ${reference.name} is not the uuid of a stored provider key",
                remedy=f"set {reference.name} to an id from `fbsync keys list`",
            )


_CHECKS: dict[str, _Check] = {
    "apiKey": _api_key_findings,
    "workspaceId": _workspace_id_findings,
    "endpoint": _endpoint_findings,
    "key": _credential_findings,
    "secret": _credential_findings,
}


def _set_values(text: str, variables: Variables) -> Iterable[tuple[Reference, str]]:
    """The references of a text whose variables are set, with the values."""
    values = ((reference, variables.text(reference.name)) for reference in references_in(text))
    return ((reference, value) for reference, value in values if value is not None)


def _text_of(text: str, variables: Variables) -> str | None:
    """The text with its references resolved, or None if a variable is not set."""
    parts = list(parse_template(text).parts)
    values = [variables.text(name) for name in parts[1::2]]
    if None in values:
        return None
    parts[1::2] = [value for value in values if value is not None]
    return "".join(parts)
