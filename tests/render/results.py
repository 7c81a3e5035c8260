"""Result documents from literals, one for each aspect of a rendering; golden files have their names."""

from typing import TYPE_CHECKING

from plans import REFUSALS, desired, hostile_names, locked, update

from fbsync.model.changes import Adopt, Create, Delete, Unchanged, Undeclared, Update, identity_of
from fbsync.model.configurations import Field
from fbsync.model.errors import ExitCode, FbsyncError, GuardRefused, InvalidInput
from fbsync.model.findings import Finding, Position
from fbsync.model.live import LiveLlm
from fbsync.model.outcomes import Outcome, Result, exit_code_of_outcomes
from fbsync.model.server_error import Failure, ServerError
from fbsync.model.verifications import Target, Verdict, Verified
from fbsync.render.document import failure_document, outcome_entry, result_document, verified_entry
from fbsync.render.outcome_text import outcome_summary
from fbsync.settings import DEFAULT_API_URL

if TYPE_CHECKING:
    from fbsync.model.plan import Plan


def document(outcomes, *, environment=None, api_url=DEFAULT_API_URL, command="apply", error=None, verified=()):
    """A result document like those of ``fbsync apply``."""
    made = result_document(
        command,
        exit_code_of_outcomes(outcomes),
        error=error,
        environment=environment,
        api_url=api_url,
        summary=outcome_summary(outcomes),
        entries=[outcome_entry(outcome) for outcome in outcomes],
    )
    return made | ({"verified": [verified_entry(one) for one in verified]} if verified else {})


def outcome(change, result, *, llm_id=None, sent=(), error=None):
    return Outcome(change=change, result=result, llm_id=llm_id, sent=sent, error=error)


def denied(name):
    call = f"PUT /ai/llm/llm-{name.lower()} answered 403: no"
    error = ServerError(call, failure=Failure.NOT_ALLOWED, status=403, hint="ask for a role that may write")
    return outcome(update(name), Result.FAILED, llm_id=f"llm-{name.lower()}", error=error)


def all_done():
    fields = (Field.ENDPOINT, Field.SECRET)
    moderation = LiveLlm(
        id="llm-3", name="Moderation", workspace_id="ws-main", ai_type="OPENAI", endpoint="https://m.example"
    )
    return document(
        [
            outcome(Create(desired=desired("Embeddings")), Result.CREATED, llm_id="llm-1", sent=fields),
            outcome(update("Production OpenAI"), Result.UPDATED, llm_id="llm-2", sent=fields),
            outcome(Adopt(desired=desired("Moderation"), live=moderation), Result.ADOPTED, llm_id="llm-3", sent=fields),
            outcome(Delete(locked=locked("Playground", workspace="ws-research")), Result.DELETED, llm_id="llm-4"),
            outcome(Unchanged(desired=desired("Search"), locked=locked("Search")), Result.UNCHANGED, llm_id="llm-5"),
            outcome(Undeclared(locked=locked("Old")), Result.UNCHANGED, llm_id="llm-6"),
        ],
        environment="production",
        api_url="https://llm.staging.example.com",
    )


def partly():
    lost = ServerError("POST /ai/llm: the connection was lost", failure=Failure.UNKNOWN, hint="run it again")
    stopped = FbsyncError("interrupted by SIGINT", hint="run `fbsync apply` again for the rest")
    return document(
        [
            outcome(Create(desired=desired("Embeddings")), Result.CREATED, llm_id="llm-1"),
            *(denied(f"Chat{at}") for at in range(12)),
            outcome(Create(desired=desired("Evaluation")), Result.UNKNOWN, error=lost),
            outcome(Create(desired=desired("Vision")), Result.NOT_ATTEMPTED, error=stopped),
            outcome(Delete(locked=locked("Pilot")), Result.NOT_ATTEMPTED, llm_id="llm-9", error=stopped),
        ],
        error=FbsyncError("the lockfile fbsync.lock cannot be written: No space left on device", hint="make room"),
    )


def many():
    created = (
        outcome(Create(desired=desired(f"Team {at:02}")), Result.CREATED, llm_id=f"llm-{at}") for at in range(45)
    )
    return document([*created, outcome(update("Chat"), Result.UPDATED, llm_id="llm-x", sent=(Field.NAME,))])


def verified():
    target = Target(identity=desired("Embeddings").identity, llm_id="llm-1")
    verdicts = (
        Verified(target=target, verdict=Verdict.ACCEPTED, message="fine"),
        Verified(target=target, verdict=Verdict.REFUSED, message="<b>401</b> `no` such key, @everyone"),
        Verified(target=target, verdict=Verdict.UNKNOWN, error=FbsyncError("the answer did not come")),
    )
    return document([outcome(Create(desired=desired("Embeddings")), Result.CREATED)], verified=verdicts)


def hostile():
    """Names, ids and messages of a server that try to be more than text."""
    plan: Plan = hostile_names()
    words = FbsyncError("<script>alert(1)</script> `x` \x1b[31m @everyone #1 ::error::", hint="**[x](javascript:y)**")
    results = {Create: Result.CREATED, Update: Result.UPDATED, Delete: Result.DELETED}
    made = [outcome(change, results.get(type(change), Result.FAILED)) for change in plan.changes]
    made += [outcome(change, Result.FAILED, llm_id="<i>1</i>", error=words) for change in plan.changes[:2]]
    assert all(identity_of(one.change) for one in made)
    return document(made, environment="a-->b", api_url="http://<b>x</b>", error=words)


def nothing_left():
    gone = [outcome(Delete(locked=locked(name)), Result.DELETED, llm_id="llm-1") for name in ("Chat", "Search")]
    return document(gone, environment="pr-123", command="destroy")


def guarded():
    return failure_document("apply", GuardRefused(REFUSALS)) | {"environment": "production"}


def invalid():
    place = Position(file="fbsync.yaml", line=10, column=13)
    wrong = Finding(rule="wrong-value", position=place, message='"aiType" must be OPENAI', remedy="write OPENAI")
    return failure_document("apply", InvalidInput([wrong])) | {"environment": None}


def signed_out():
    error = FbsyncError("there is no token", hint="set FLASHBACK_TOKEN", exit_code=ExitCode.NOT_ALLOWED)
    return failure_document("apply", error)


RESULTS = {
    "result-all-done": all_done,
    "result-partly": partly,
    "result-many": many,
    "result-verified": verified,
    "result-hostile": hostile,
    "result-destroyed": nothing_left,
    "result-guarded": guarded,
    "result-invalid": invalid,
    "result-signed-out": signed_out,
}
