"""``fbsync validate``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from fbsync.cli import terminal
from fbsync.cli.options import files_options, format_option, where_from
from fbsync.errors import ExitCode

if TYPE_CHECKING:
    from pathlib import Path

    from fbsync.findings import Finding
    from fbsync.manifest.assemble import Manifest


@click.command()
@files_options
@format_option("text", "json")
@click.option("--strict", is_flag=True, help="Let warnings fail, too.")
def validate(
    files: tuple[Path, ...],
    environment: str | None,
    env_files: tuple[Path, ...],
    format_: str,
    *,
    strict: bool,
) -> int:
    r"""Checks a manifest and prints every finding, each at its place; no network, no secrets needed.

    \b
    fbsync validate
    fbsync validate -f prod/ --strict --format json
    """
    from fbsync.manifest.assemble import read_manifest
    from fbsync.settings import read_variables

    where = where_from(files=files, environment=environment, env_files=env_files)
    read_variables(folders=where.folders, env_files=where.env_files, environment=os.environ)
    manifest = read_manifest(where.files)
    manifest.in_environment(environment)
    code = _exit_code(manifest.findings, strict=strict)
    _print(manifest, code, format_)
    return code


def _exit_code(findings: tuple[Finding, ...], *, strict: bool) -> ExitCode:
    from fbsync.findings import errors_among

    failing = findings if strict else errors_among(findings)
    return ExitCode.INVALID_INPUT if failing else ExitCode.DONE


def _print(manifest: Manifest, code: ExitCode, format_: str) -> None:
    if format_ == "json":
        from fbsync.render.document import dump, result_document

        terminal.out(dump(result_document("validate", code, findings=manifest.findings)))
    elif manifest.findings:
        terminal.out(terminal.findings_text(manifest.findings, paint=terminal.paint_for(sys.stdout)))
    else:
        entries = "1 entry" if len(manifest.drafts) == 1 else f"{len(manifest.drafts)} entries"
        terminal.out(f"{', '.join(document.file for document in manifest.documents)}: {entries}, no findings\n")
