"""Assemble a manifest: read its files, collect all findings, and resolve its entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fbsync.manifest import checks
from fbsync.manifest.drafts import Draft, Variant, in_environment, read_drafts, read_variants
from fbsync.manifest.holders import entry_name
from fbsync.manifest.misplaced import misplaced_references
from fbsync.manifest.resolve import distinct, resolve_entry
from fbsync.manifest.sources import find_files, shown_path
from fbsync.manifest.values import value_findings
from fbsync.manifest.workspace_key import contradictions
from fbsync.model.errors import InvalidInput
from fbsync.model.findings import (
    MOST_FINDINGS,
    Finding,
    Severity,
    errors_among,
    first_of,
    in_file_order,
    limited,
)
from fbsync.schema.validate import Kind, validate
from fbsync.strict_yaml.loader import Document, read_document

if TYPE_CHECKING:
    import pathlib
    from collections.abc import Collection, Iterable, Sequence

    from fbsync.manifest.uses import Use
    from fbsync.model.configurations import Llm
    from fbsync.schema.violations import Violation
    from fbsync.strict_yaml.loader import Path
    from fbsync.variables import Variables

_LEAVES_GAPS = frozenset(("merge-key", "key-not-a-string", "quote-not-indented", "too-many-findings"))
"""The rules of findings after which the loader leaves something out. What then seems to be missing may exist."""

_LEAVES_NOTHING = frozenset(("unknown-alias", "recursive-alias"))
"""The rules of findings after which the loader uses null for a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The files of a manifest, read and checked.

    Attributes:
        documents: the files.
        drafts: the entries without an environment's changes.
        variants: the files' parts about each environment, by its name.
        misshapen: the findings about the files themselves, such as their syntax and their shape.
        is_complete: whether all entries could be read.
        is_searched: whether the comparison of the files with the schema reached their end. It stops at more findings
            than fbsync lists, and the files are then not checked further.
    """

    documents: tuple[Document, ...]
    drafts: tuple[Draft, ...]
    variants: dict[str, tuple[Variant, ...]]
    misshapen: tuple[Finding, ...]
    is_complete: bool
    is_searched: bool
    _found: dict[tuple[str | None, Variables | None], tuple[Finding, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """The findings for an environment and its variables, kept because a plan asks twice."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings about the files in any environment, in file order, at most ``MOST_FINDINGS``."""
        if not self.is_searched:
            return _in_order(self.misshapen)
        semantic = checks.semantic(self.drafts, self.variants, is_complete=self.is_complete)
        return _in_order((*self.misshapen, *semantic))

    def findings_in(self, environment: str | None) -> tuple[Finding, ...]:
        """Return all findings about the files and one environment (None for no environment), in file order.

        An environment that does not exist is a finding, unless a file that may declare it could not be read.
        """
        if (environment, None) not in self._found:
            self._found[environment, None] = self._search(environment)
        return self._found[environment, None]

    def _search(self, environment: str | None) -> tuple[Finding, ...]:
        if not self.is_searched:
            return _in_order(self.misshapen)
        if environment is None or environment in self.variants:
            own = {environment: self.variants[environment]} if environment is not None else {}
            unknown = checks.unknown_entries(self.drafts, own) if self.is_complete else ()
            semantic = [*first_of(checks.of_group(self.in_environment(environment))), *first_of(unknown)]
        else:
            semantic = [self._unknown_environment(environment)] if self.is_complete else []
        return _in_order((*self.misshapen, *semantic))

    def in_environment(self, environment: str | None) -> tuple[Draft, ...]:
        """Return the entries of an environment, or those without an environment for None.

        Raises:
            InvalidInput: there is no such environment.
        """
        if environment is None:
            return self.drafts
        if environment not in self.variants:
            raise InvalidInput([self._unknown_environment(environment)])
        return in_environment(self.drafts, self.variants[environment])

    def uses(self, environment: str | None) -> tuple[Use, ...]:
        """Return every use of a variable in an environment, in file order.

        Raises:
            InvalidInput: there is no such environment.
        """
        from fbsync.manifest.uses import uses_in

        return uses_in(self.in_environment(environment))

    def desired(self, environment: str | None, variables: Variables) -> tuple[Llm, ...]:
        """Return the declared configurations of an environment, resolved as far as the variables allow.

        Raises:
            InvalidInput: the files or the environment have errors, there is no such environment, or a variable's value
                is not valid or gives two entries the same identity.
        """
        if wrong := errors_among(self.findings_in(environment)):
            raise InvalidInput(wrong)
        drafts = self.in_environment(environment)
        if wrong := errors_among(self.value_findings(environment, variables)):
            raise InvalidInput(wrong)
        llms = tuple(resolve_entry(draft, variables) for draft in drafts)
        return distinct(llms)

    def value_findings(self, environment: str | None, variables: Variables) -> tuple[Finding, ...]:
        """Return the findings about the values that an environment's entries refer to, in file order.

        Raises:
            InvalidInput: there is no such environment.
        """
        if (environment, variables) not in self._found:
            found = value_findings(self.in_environment(environment), variables)
            self._found[environment, variables] = in_file_order(found)
        return self._found[environment, variables]

    def warnings_in(self, environment: str | None, variables: Variables) -> tuple[Finding, ...]:
        """Return the warnings about an environment, the values of its variables or their files, in file order.

        Raises:
            InvalidInput: there is no such environment.
        """
        found = (
            *self.findings_in(environment),
            *self.value_findings(environment, variables),
            *variables.warnings,
        )
        return in_file_order(finding for finding in found if finding.severity is Severity.WARNING)

    def _unknown_environment(self, environment: str) -> Finding:
        return checks.unknown_environment(environment, self.variants, self.documents)


def read_manifest(paths: Iterable[pathlib.Path]) -> Manifest:
    """Read a manifest from files and folders. Mistakes in it become its findings."""
    files, findings = find_files(paths)
    return assemble([read_document(file, shown_as=shown_path(file)) for file in files], findings)


def assemble(documents: Sequence[Document], findings: Sequence[Finding] = ()) -> Manifest:
    """Make a manifest from files that were read, and collect the findings about them.

    Args:
        documents: the files.
        findings: the findings about folders in which files were looked for.
    """
    gathered, refused, is_searched = [*findings], set(), True
    for document in documents:
        gathered += document.findings
        violations = (
            validate(Kind.MANIFEST, document.value, most=MOST_FINDINGS + 1) if document.value is not None else ()
        )
        is_searched = is_searched and len(violations) <= MOST_FINDINGS
        for violation in violations:
            refused.add((document.file, violation.path))
            gathered.append(_violation_finding(document, violation))
    gathered += first_of(contradictions(documents))
    gathered += first_of(misplaced_references(documents))
    return Manifest(
        documents=tuple(documents),
        drafts=read_drafts(documents, frozenset(refused)),
        variants=read_variants(documents, frozenset(refused)),
        misshapen=tuple(gathered),
        is_searched=is_searched,
        is_complete=all(_has_all_entries(document, refused) for document in documents),
    )


def _in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in file order, each once, without those that only follow from parts that the loader left out."""
    gaps = {finding.position.file for finding in findings if finding.rule in _LEAVES_GAPS}
    nothing = {finding.position for finding in findings if finding.rule in _LEAVES_NOTHING}
    kept = (
        finding
        for finding in findings
        if not (finding.rule.startswith("missing-") and finding.position.file in gaps)
        and not (finding.position in nothing and finding.rule not in _LEAVES_NOTHING)
    )
    return limited(in_file_order(dict.fromkeys(kept)))


def _has_all_entries(document: Document, refused: Collection[tuple[str, Path]]) -> bool:
    entries = document.value.get("llms") if isinstance(document.value, dict) else None
    return isinstance(entries, list) and all(
        isinstance(entry, dict)
        and "name" in entry
        and not (refused and (document.file, ("llms", at, "name")) in refused)
        for at, entry in enumerate(entries)
    )


def _violation_finding(document: Document, violation: Violation) -> Finding:
    place = document.position_of_key if violation.at_key else document.position_of
    return Finding(
        rule=violation.rule,
        position=place(violation.path),
        message=violation.message,
        remedy=violation.remedy,
        entry=entry_name(document.value, violation.path),
    )
