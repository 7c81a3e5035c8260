"""Assembles a manifest: reads its files, gathers all findings, and resolves its entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fbsync.errors import InvalidInput
from fbsync.findings import Finding, Position, errors_among, in_file_order
from fbsync.manifest import checks
from fbsync.manifest.drafts import Draft, Variant, in_environment, read_drafts, read_variants
from fbsync.manifest.loader import Document, read
from fbsync.manifest.sources import find_files
from fbsync.model import Llm
from fbsync.references import parse, resolve_credential, resolve_text
from fbsync.schema import Kind, validate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from fbsync.settings import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place where a variable is used."""

    variable: str
    position: Position
    entry: str | None
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The files of a manifest, read and checked.

    Attributes:
        documents: the files.
        drafts: the entries without an environment's changes.
        variants: what is said of each environment.
        findings: everything wrong with the files, in file order.
    """

    documents: tuple[Document, ...]
    drafts: tuple[Draft, ...]
    variants: dict[str, tuple[Variant, ...]]
    findings: tuple[Finding, ...]

    def in_environment(self, environment: str | None) -> tuple[Draft, ...]:
        """The entries of an environment, or those of no environment for None.

        Raises:
            InvalidInput: there is no such environment.
        """
        if environment is None:
            return self.drafts
        if environment not in self.variants:
            raise InvalidInput([checks.unknown_environment(environment, self.variants, self.documents)])
        return in_environment(self.drafts, self.variants[environment])

    def uses(self, environment: str | None) -> tuple[Use, ...]:
        """Every use of a variable in an environment, in file order.

        Raises:
            InvalidInput: there is no such environment.
        """
        uses = (
            Use(variable=name, position=placed.position, entry=draft.name, field=field)
            for draft in self.in_environment(environment)
            for field, placed in draft.fields.items()
            if field in ("workspaceId", "endpoint", "key", "secret") and placed.text is not None
            for name in parse(placed.text).names
        )
        return tuple(sorted(uses, key=lambda use: (use.position, use.variable)))

    def desired(self, environment: str | None, variables: Variables) -> tuple[Llm, ...]:
        """The declared configurations of an environment, resolved as far as the variables allow.

        Raises:
            InvalidInput: the files have findings, there is no such environment, or what the variables
                hold makes two entries the same or an endpoint no URL.
        """
        if wrong := errors_among(self.findings):
            raise InvalidInput(wrong)
        llms = tuple(_llm(draft, variables) for draft in self.in_environment(environment))
        if wrong := tuple(checks.resolved(llms)):
            raise InvalidInput(in_file_order(wrong))
        return llms


def read_manifest(paths: Iterable[Path]) -> Manifest:
    """Reads a manifest from files and folders; what is wrong with it is in its findings."""
    files, findings = find_files(paths)
    return assemble([read(file, shown_as=str(file)) for file in files], findings)


def assemble(documents: Sequence[Document], findings: Sequence[Finding] = ()) -> Manifest:
    """Makes a manifest of files that were read, and gathers what is wrong with them."""
    drafts, variants = read_drafts(documents), read_variants(documents)
    gathered = [*findings]
    for document in documents:
        gathered += document.findings
        if document.value is not None:
            gathered += _schema_findings(document)
    gathered += checks.semantic(drafts, variants)
    return Manifest(
        documents=tuple(documents),
        drafts=drafts,
        variants=variants,
        findings=in_file_order(dict.fromkeys(gathered)),
    )


def _schema_findings(document: Document) -> Iterable[Finding]:
    for violation in validate(Kind.MANIFEST, document.value):
        place = document.position_of_key if violation.at_key else document.position_of
        yield Finding(
            rule=violation.rule,
            position=place(violation.path),
            message=violation.message,
            remedy=violation.remedy,
            entry=_entry_name(document.value, violation.path),
        )


def _entry_name(value: Any, path: tuple[str | int, ...]) -> str | None:  # noqa: ANN401 - YAML
    """The name of the entry that a path leads into, if it does."""
    match path:
        case ("llms", int(at), *_):
            entry = value["llms"][at]
            name = entry.get("name") if isinstance(entry, dict) else None
            return name if isinstance(name, str) else None
        case ("environments", _, "llms", str(name), *_):
            return name
        case _:
            return None


def _llm(draft: Draft, variables: Variables) -> Llm:
    """Resolves one entry that the schema and the checks have passed."""
    fields = draft.fields
    key = fields.get("key")
    return Llm(
        name=fields["name"].value,
        ai_type=fields["aiType"].value,
        endpoint=resolve_text(fields["endpoint"].value, variables, position=draft.position("endpoint")),
        workspace_id=resolve_text(fields["workspaceId"].value, variables, position=draft.position("workspaceId")),
        secret=resolve_credential(fields["secret"].value, variables, position=draft.position("secret")),
        key=resolve_credential(key.value, variables, position=key.position) if key else None,
        previous_name=draft.text("previousName"),
        protect=bool(fields["protect"].value) if "protect" in fields else False,
        position=draft.position("name"),
    )
