"""The OpenAPI document: add each endpoint's failures, and remove what FastAPI adds."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from fbsync.sandbox.answer_bodies import FailureBody, MfaFailureBody, SignInFailureBody

if TYPE_CHECKING:
    from fastapi import FastAPI

_DESCRIPTIONS = {
    400: "The request is not as documented, or the name is taken.",
    401: "No access token, or one that is not valid or has expired.",
    403: "The caller's role does not permit this, the thing is in use, or the login lacks its second factor.",
    404: "Nothing with this id is visible to the caller.",
    500: "The server failed.",
}


def failures(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the declarations of the statuses that an endpoint may fail with. They always include 500."""
    return {status: {"model": FailureBody, "description": _DESCRIPTIONS[status]} for status in (*statuses, 500)}


def sign_in_failures() -> dict[int | str, dict[str, Any]]:
    """Return the declarations for the sign-in endpoints, whose 401 has a code instead of a message."""
    denied = {"model": SignInFailureBody, "description": "The account or the token is not valid; error_code says why."}
    return failures(400) | {401: denied}


def mfa_failures() -> dict[int | str, dict[str, Any]]:
    """Return the declarations for the second factor. Its 401 has ``error``, or ``message`` for a bad token."""
    denied = {"model": MfaFailureBody | FailureBody, "description": "The code or the token is not valid."}
    return failures(400) | {401: denied}


def declare(app: FastAPI) -> None:
    """Remove FastAPI's own validation error from the document, because this API answers 400.

    The document is built when it is first asked for: that takes longer than the rest of the start.
    """
    whole = app.openapi

    @cache
    def document() -> dict[str, Any]:
        return _without_validation_errors(whole())

    app.openapi = document  # type: ignore[method-assign] # as FastAPI says: https://fastapi.tiangolo.com/how-to/extending-openapi/


def _without_validation_errors(document: dict[str, Any]) -> dict[str, Any]:
    for path in document["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document
