"""A proposal as a document to print, save and render."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.changes import is_verified_first
from fbsync.render.plan_document import Origin, plan_document
from fbsync.workflow.comparison import compared_with

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fbsync.model.errors import ExitCode
    from fbsync.model.plan import Plan, Refusal
    from fbsync.render.document import Json
    from fbsync.workflow.proposal import Proposal


def document_of(proposal: Proposal, exit_code: ExitCode, *, refusals: Sequence[Refusal] = ()) -> Json:
    """Return the document of a proposal's plan.

    Args:
        proposal: the proposal.
        exit_code: the command's exit code.
        refusals: why apply would refuse it.
    """
    project = proposal.project
    compared = compared_with(project, proposal.live)
    origin = Origin(
        environment=project.where.environment,
        api_url=project.known.api_url,
        state=project.where.known_in,
        compared=" ".join((compared, *_remarks(proposal))),
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


def verified_first(plan: Plan) -> str:
    """Say how many changes are verified with the provider first, and how. Return an empty string if there are none."""
    number = sum(map(is_verified_first, plan.changes))
    if not number:
        return ""
    if number == 1:
        return "1 change is first verified with the provider, on a temporary configuration; this may be billed."
    return f"{number} changes are first verified with the provider, on temporary configurations; this may be billed."


def _remarks(proposal: Proposal) -> Iterator[str]:
    """Yield further remarks about what was compared."""
    project = proposal.project
    trials = len(project.open_trials)
    if number := len(project.open_intents) - trials:
        requests = "1 unconfirmed request" if number == 1 else f"{number} unconfirmed requests"
        yield f"The journal was read too: a previous apply was interrupted with {requests}."
    if trials:
        left = "1 temporary configuration" if trials == 1 else f"{trials} temporary configurations"
        yield f"A previous apply may have left {left}, which the next one deletes."
    if project.known.api_url != project.api_url:
        yield (
            f"The lockfile belongs to {project.known.api_url}, but apply would use {project.api_url} here, "
            "and refuse: set FLASHBACK_API_URL or --api-url."
        )
    if sentence := verified_first(proposal.plan):
        yield sentence
