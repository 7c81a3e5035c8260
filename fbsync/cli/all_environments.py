"""``--all-environments``: do the same with and without each environment, and make one result of it."""

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
        done: what there is, by environment.
        failed: why there is nothing, by environment.
    """

    done: tuple[tuple[str | None, _Result], ...]
    failed: tuple[tuple[str | None, FbsyncError], ...]

    @property
    def problems(self) -> tuple[tuple[str | None, str], ...]:
        """Why environments have no result, in one line each."""
        return tuple((environment, _reason(error)) for environment, error in self.failed)

    def exit_code(self, code: ExitCode) -> ExitCode:
        """The status of the whole: the worst one of the failures, or else the given one."""
        return max((error.exit_code for _, error in self.failed), default=code)


def in_each(where: Where, work: Callable[[Where], _Result], *, quiet: bool) -> Results[_Result]:
    """Do something for the manifest without an environment, and for every environment.

    An environment for which it fails does not hide the others: the result says why, and so does the exit status.

    Args:
        where: what to work on, without an environment.
        work: what to do, given an environment.
        quiet: whether only the result reports failures.
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
    """The JSON document of a command over all environments.

    Args:
        command: the command's name.
        code: the status that it ends with.
        results: the result of each environment.
        part: what the document holds of one.
        summary: the sentence over all of them.
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
    """All environments, and None for no environment unless the manifest has no default workspace: it then needs -e."""
    from fbsync.manifest.assemble import read_manifest

    manifest = read_manifest(where.files)
    lacking = any(finding.rule == "missing-workspace" for finding in manifest.findings_in(None))
    own: tuple[str | None, ...] = () if lacking and manifest.variants else (None,)
    return (*own, *manifest.variants)


def _reason(error: FbsyncError) -> str:
    """Why an environment has no result, in one line."""
    findings = error.findings if isinstance(error, InvalidInput) else ()
    return "; ".join(finding.message for finding in findings) or error.message
