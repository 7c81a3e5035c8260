"""Find references that are not allowed in their place: credentials in shown fields, and fbsync's own variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.manifest.holders import entry_name, holders
from fbsync.manifest.references import references_in, variable_of
from fbsync.model.findings import Finding
from fbsync.variables import FINGERPRINT_KEY_VARIABLE, SIGN_IN_VARIABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.manifest.references import Reference
    from fbsync.strict_yaml.loader import Document, Path

_CREDENTIALS = ("secret", "key")
_SHOWN = ("endpoint", "workspaceId", "apiKey", "state")
"""The fields whose values plans show and the lockfile stores."""

_OWN = dict.fromkeys(SIGN_IN_VARIABLES, "is one that fbsync signs in with") | {
    FINGERPRINT_KEY_VARIABLE: "is the key of fbsync's fingerprints"
}


def misplaced_references(documents: Sequence[Document]) -> Iterator[Finding]:
    """Yield a finding for each reference that is not allowed in its place (``design.md``, 'The manifest').

    Args:
        documents: all files of the manifest. A variable that is a credential in one file or environment is a credential
            in all of them.
    """
    credentials = dict(_credential_variables(documents))
    for document in documents:
        for path, holder in holders(document.value):
            for field in _SHOWN:
                text = holder.get(field)
                if isinstance(text, str) and "$" in text:
                    yield from _in_shown(document, (*path, field), text, credentials)
    for name in sorted(_OWN.keys() & credentials.keys()):
        yield from _own_as_credential(documents, name)


def _credential_variables(documents: Sequence[Document]) -> Iterator[tuple[str, tuple[Document, Path]]]:
    """Yield the variables that are credentials, with their places, last place first: a dict then keeps the first."""
    for document in reversed(documents):
        for path, holder in reversed(list(holders(document.value))):
            for field in _CREDENTIALS:
                text = holder.get(field)
                if isinstance(text, str) and (name := variable_of(text)) is not None:
                    yield name, (document, (*path, field))


def _in_shown(
    document: Document, path: Path, text: str, credentials: dict[str, tuple[Document, Path]]
) -> Iterator[Finding]:
    """Yield a finding for each forbidden reference in a shown field."""
    for reference in references_in(text):
        if reference.name in _OWN:
            yield _own(document, path, text, reference)
        elif reference.name in credentials:
            other, place = credentials[reference.name]
            yield Finding(
                rule="credential-shown",
                position=document.position_in_text(path, text, reference.at),
                entry=entry_name(document.value, path),
                message=f"${reference.name} is used as a credential; here, plans would show it and the lockfile "
                "would store it",
                remedy=f"use a different variable in {path[-1]}",
                related=(other.position_of(place),),
            )


def _own_as_credential(documents: Sequence[Document], name: str) -> Iterator[Finding]:
    """Yield a finding for each credential that would send fbsync's own variable to a provider."""
    for document in documents:
        for path, holder in holders(document.value):
            for field in _CREDENTIALS:
                text = holder.get(field)
                if isinstance(text, str) and variable_of(text) == name:
                    yield _own(document, (*path, field), text, references_in(text)[0])


def _own(document: Document, path: Path, text: str, reference: Reference) -> Finding:
    return Finding(
        rule="own-variable",
        position=document.position_in_text(path, text, reference.at),
        entry=entry_name(document.value, path),
        message=f"${reference.name} {_OWN[reference.name]}: a manifest must not send it anywhere",
        remedy="use a different variable",
    )
