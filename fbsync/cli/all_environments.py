"""``--all-environments``: run a command without an environment and for each one, and combine the results."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from fbsync.cli import terminal
from fbsync.model.errors import ExitCode, FbsyncError, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from fbsync.render.document import Json
    from fbsync.workflow.target import Where

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Results(Generic[_Result]):
    """The result of each environment, in the manifest's order.

    Attributes:
        done: the results, by environment.
        failed: the errors of the other environments, by environment.
    """

    done: tuple[tuple[str | None, _Result], ...]
    failed: tuple[tuple[str | None, FbsyncError], ...]

    @property
    def problems(self) -> tuple[tuple[str | None, str], ...]:
        """Why environments have no result, as one line for each."""
        return tuple((environment, _reason(error)) for environment, error in self.failed)

    def exit_code(self, code: ExitCode) -> ExitCode:
        """Return the highest exit code of the failures, or the given one if there are none."""
        return max((error.exit_code for _, error in self.failed), default=code)


def in_each(where: Where, work: Callable[[Where], _Result], *, quiet: bool) -> Results[_Result]:
    """Do work for the manifest without an environment, and for every environment.

    A failure in one environment does not hide the others. The result and the exit code report it.

    Args:
        where: the target, without an environment.
        work: called with the target in each environment.
        quiet: whether only the result reports failures, and not stderr.
    """
    done, failed = [], []
    for environment in _environments(where):
        try:
            done.append((environment, work(replace(where, environment=environment, is_one_of_all=True))))
        except FbsyncError as error:
            if not quiet:
                terminal.report_error(error)
            failed.append((environment, error))
    return Results(done=tuple(done), failed=tuple(failed))


def document_of_all(
    command: str, code: ExitCode, results: Results[_Result], part: Callable[[_Result], Json], *, summary: str
) -> Json:
    """Build the JSON document of a command over all environments.

    Args:
        command: the command's name.
        code: the status that the command ends with.
        results: the result of each environment.
        part: returns an environment's part of the document, given its result.
        summary: a sentence about all environments.
    """
    from fbsync.render.document import failure_document, result_document

    failures = {
        environment: {
            name: value for name, value in failure_document(command, error).items() if name in ("error", "findings")
        }
        | {"environment": environment, "exit_code": int(error.exit_code)}
        for environment, error in results.failed
    }
    parts = [{"environment": environment, **part(result)} for environment, result in results.done]
    return result_document(command, code, summary=summary, environments=[*parts, *failures.values()])


def _environments(where: Where) -> tuple[str | None, ...]:
    """All environments, and None for no environment, unless the manifest then lacks a workspace and needs -e."""
    from fbsync.manifest.assemble import read_manifest

    manifest = read_manifest(where.files)
    lacking = any(finding.rule == "missing-workspace" for finding in manifest.findings_in(None))
    own: tuple[str | None, ...] = () if lacking and manifest.variants else (None,)
    return (*own, *manifest.variants)


def _reason(error: FbsyncError) -> str:
    """Say in one line why an environment has no result."""
    findings = error.findings if isinstance(error, InvalidInput) else ()
    return "; ".join(finding.message for finding in findings) or error.message
