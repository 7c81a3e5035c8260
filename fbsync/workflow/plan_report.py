"""A proposal as the document that is printed, saved and rendered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.plan_document import Origin, plan_document
from fbsync.workflow.comparison import compared_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fbsync.model.changes import Refusal
    from fbsync.model.errors import ExitCode
    from fbsync.render.document import Json
    from fbsync.workflow.project import Project
    from fbsync.workflow.proposal import Proposal


def document_of(proposal: Proposal, exit_code: ExitCode, *, refusals: Sequence[Refusal] = ()) -> Json:
    """The document of a proposal's plan.

    Args:
        proposal: what would be done.
        exit_code: the status that the command ends with.
        refusals: why apply would refuse it.
    """
    project = proposal.project
    compared = compared_with(project, proposal.live)
    origin = Origin(
        environment=project.where.environment,
        api_url=project.known.api_url,
        state=project.where.known_in,
        compared=" ".join((compared, *_remarks(project))),
        variable_files=project.variables.files,
    )
    listed = proposal.live.llms if proposal.live is not None else ()
    repositories = {llm.id: llm.repos for llm in listed if llm.repos}
    document = plan_document(
        proposal.plan,
        exit_code,
        origin=origin,
        refusals=refusals,
        repositories=repositories,
        usage=proposal.usage,
        ages=proposal.ages,
    )
    if proposal.destroys:
        for change in document["resource_changes"]:
            change["reason"] = "to be destroyed"
    return document


def _remarks(project: Project) -> tuple[str, ...]:
    """What else to know of what was compared."""
    remarks = []
    if project.open_intents:
        number = len(project.open_intents)
        requests = "1 unconfirmed request" if number == 1 else f"{number} unconfirmed requests"
        remarks.append(f"The journal was read too: a previous apply was interrupted with {requests}.")
    if project.known.api_url != project.api_url:
        remarks.append(
            f"The lockfile belongs to {project.known.api_url}, but apply would use {project.api_url} here, "
            "and refuse: set FLASHBACK_API_URL or --api-url."
        )
    return tuple(remarks)
