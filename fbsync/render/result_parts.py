"""The parts of an apply's or a destroy's result document: what went wrong, and for which entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.outcomes import Result
from fbsync.render.paint import visible
from fbsync.settings import DEFAULT_API_URL

if TYPE_CHECKING:
    from fbsync.render.document import Json

_WORDS = {Result.NOT_ATTEMPTED: "not attempted", Result.UNKNOWN: "outcome unknown"}
_AN_ID = "…"


def outcome_word(outcome: str) -> str:
    """Return the word for an outcome."""
    result = Result(outcome)
    return _WORDS.get(result, result.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """The reason why entries are not as declared. It is safe to show.

    Attributes:
        outcome: the outcome of these entries.
        entries: the name and the workspace of each entry.
        message: the reason that they share.
        hint: what to do. It may be empty.
    """

    outcome: Result
    entries: tuple[tuple[str, str], ...]
    message: str
    hint: str


def troubles(document: Json) -> tuple[Trouble, ...]:
    """Return the failures by reason. Entries that failed for the same reason, such as a missing right, are one item."""
    reasons: dict[tuple[str, str, str], list[Json]] = {}
    for entry in document.get("entries", ()):
        if "error" in entry:
            reasons.setdefault((entry["outcome"], _reason(entry), entry["error"]["hint"]), []).append(entry)
    return tuple(
        Trouble(
            outcome=Result(outcome),
            entries=tuple((visible(entry["name"]), visible(entry["workspaceId"])) for entry in entries),
            message=visible(reason if len(entries) > 1 else entries[0]["error"]["message"]),
            hint=visible(hint),
        )
        for (outcome, reason, hint), entries in reasons.items()
    )


def _reason(entry: Json) -> str:
    """Return the reason of a failure without the entry's id, which the message of a call contains."""
    message: str = entry["error"]["message"]
    return message if entry["id"] is None else message.replace(entry["id"], _AN_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Something that made a command fail. It is safe to show.

    Attributes:
        about: the place in a file. Empty if it is not about a file.
        message: what is wrong.
        hint: what to do. It may be empty.
    """

    about: str
    message: str
    hint: str


def complaints(document: Json) -> tuple[Complaint, ...]:
    """Return the reasons why a command failed: findings about its input, or refusals of guards."""
    findings = [finding for finding in document.get("findings", ()) if finding["severity"] == "error"]
    found = [_finding_complaint(finding) for finding in findings]
    found += [_refusal_complaint(refusal) for refusal in document.get("error", {}).get("refusals", ())]
    return tuple(found)


def failure(document: Json) -> Complaint | None:
    """Return the failure of the command as a whole, or None."""
    if "error" not in document:
        return None
    error = document["error"]
    return Complaint(about="", message=visible(error["message"]), hint=visible(error["hint"]))


def placed(document: Json) -> Json:
    """Return the document with an environment and a server, which a failure's document may lack."""
    return {"environment": None, "api_url": DEFAULT_API_URL} | document


def _finding_complaint(finding: Json) -> Complaint:
    place = ":".join(str(finding[part]) for part in ("file", "line", "column") if finding[part])
    return Complaint(about=visible(place), message=visible(finding["message"]), hint=visible(finding["remedy"]))


def _refusal_complaint(refusal: Json) -> Complaint:
    who = f'"{refusal["name"]}" (workspace {refusal["workspaceId"]}) ' if "name" in refusal else ""
    return Complaint(about="", message=visible(who + refusal["message"]), hint=visible(refusal["hint"]))
