"""``fbsync validate``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import format_option
from fbsync.cli.target_options import TargetOptions, files_options
from fbsync.model.errors import ExitCode
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from fbsync.model.findings import Finding
    from fbsync.workflow.target import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class _Report:
    """The files that were checked, and the findings.

    Attributes:
        sources: the files' texts by file name, in the order of the command line.
        entries: the number of entries.
    """

    sources: dict[str, str]
    entries: int
    findings: tuple[Finding, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read."""
        return tuple(self.sources)


@click.command()
@click.argument("manifests", nargs=-1, type=click.Path(path_type=Path), metavar="[MANIFEST]...")
@files_options
@format_option("text", "json", "github", "sarif", "junit")
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
def validate(
    manifests: tuple[Path, ...],
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    format_: str,
    *,
    strict: bool,
) -> int:
    """Check manifests and print every finding with its place. It needs no network and no secrets.

    It checks every environment, unless -e names one. Files given with -f are parts of one manifest;
    each MANIFEST is checked on its own, as pre-commit passes them.

    \b
    fbsync validate
    fbsync validate -f prod/ --strict --format github
    fbsync validate team-a/fbsync.yaml team-b/fbsync.yaml
    """  # noqa: D301 - click's mark for a block to leave unwrapped
    if (*manifests, *files).count(Path("-")) > 1:
        raise click.UsageError("- appears more than once, but standard input can be read only once")
    groups: list[tuple[Path, ...]] = [(manifest,) for manifest in manifests]
    if files or not groups:
        groups.insert(0, files)
    reports = [
        _checked(TargetOptions(files=group, environment=environment, env_files=env_files).where(), environment)
        for group in groups
    ]
    report = _Report(
        sources={file: text for report in reports for file, text in report.sources.items()},
        entries=sum(report.entries for report in reports),
        findings=tuple(dict.fromkeys(finding for report in reports for finding in report.findings)),
    )
    return _print(report, format_, strict=strict)


def _checked(where: Where, environment: str | None) -> _Report:
    from fbsync.manifest.assemble import read_manifest
    from fbsync.model.findings import errors_among, in_file_order
    from fbsync.workflow.declared_state import state_findings

    with terminal.waits("Reading the manifest"):
        manifest = read_manifest(where.files)
    found = [*(manifest.findings if environment is None else manifest.findings_in(environment))]
    if not errors_among(found):
        found += state_findings(where, manifest)
    return _Report(
        sources={document.file: document.source for document in manifest.documents},
        entries=len(manifest.drafts),
        findings=in_file_order([*found, *_env_file_findings(where)]),
    )


def _env_file_findings(where: Where) -> tuple[Finding, ...]:
    """Findings about the manifest's .env files; their values are not checked."""
    from fbsync.model.errors import InvalidInput
    from fbsync.variables import read_variables

    try:
        return read_variables(
            folders=where.folders,
            env_files=where.env_files,
            environment=os.environ,
            environment_name=where.environment,
        ).warnings
    except InvalidInput as error:
        return error.findings


def _print(report: _Report, format_: str, *, strict: bool) -> ExitCode:
    from fbsync.model.findings import errors_among

    failing = report.findings if strict else errors_among(report.findings)
    code = ExitCode.INVALID_INPUT if failing else ExitCode.DONE
    terminal.out(_rendered(report, format_, code, failing))
    return code


def _rendered(report: _Report, format_: str, code: ExitCode, failing: tuple[Finding, ...]) -> str:
    match format_:
        case "json":
            from fbsync.render.document import dump, result_document

            return dump(result_document("validate", code, findings=report.findings))
        case "github":
            from fbsync.render.findings_github import findings_github

            return findings_github(report.findings)
        case "sarif":
            from fbsync.render.findings_sarif import findings_sarif

            return findings_sarif(report.findings)
        case "junit":
            from fbsync.render.findings_junit import findings_junit

            return findings_junit(report.findings, files=report.files, failing=frozenset(failing))
        case _:
            return _finding_lines(report)


def _finding_lines(report: _Report) -> str:
    if report.findings:
        return terminal.findings_with_excerpts(
            report.findings, paint=terminal.paint_for(sys.stdout), sources=report.sources
        )
    entries = "1 entry" if report.entries == 1 else f"{report.entries} entries"
    return f"{', '.join(visible(file) for file in report.files)}: {entries}, no findings\n"
