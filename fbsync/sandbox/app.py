"""The application: endpoints, and the envelope for every error."""

from __future__ import annotations

import logging
import re
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from fbsync.sandbox import account_routes, api_key_routes, llm_routes
from fbsync.sandbox.documented import declare
from fbsync.sandbox.request_refused import RequestRefused
from fbsync.version import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from fbsync.sandbox.state import State

logger = logging.getLogger(__name__)

_SENTENCES = {
    "missing": "{field} is required",
    "extra_forbidden": "{field} is not a field of this request",
    "string_too_short": "{field} must not be empty",
    "string_type": "{field} must be a string",
    "string_pattern_mismatch": "{field} must be an http or https URL with a host",
    "json_invalid": "The body is not valid JSON",
}
_LONGEST_FIELD = 60


def new_app(state: State) -> FastAPI:
    """Build the application for a sandbox's records."""
    app = FastAPI(
        title="Flashback sandbox",
        version=__version__,
        description="A local server that keeps the documented contract of the Flashback API's AI LLM configurations.",
        docs_url=None,  # Its page would load code from a foreign host.
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.sandbox = state
    app.include_router(llm_routes.router)
    app.include_router(api_key_routes.router)
    app.include_router(account_routes.router)
    app.add_exception_handler(RequestRefused, _on_refusal)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(Exception, _on_crash)
    declare(app)
    return app


async def _on_refusal(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestRefused)
    return JSONResponse(error.envelope, status_code=error.status, headers=error.headers)


async def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    # The documentation says 400 for an invalid request, not FastAPI's 422.
    assert isinstance(error, RequestValidationError)
    sentences = dict.fromkeys(_field_sentence(detail) for detail in error.errors())
    return JSONResponse({"success": False, "message": "; ".join(sentences)}, status_code=400)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer unknown paths and methods in the API's envelope."""
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    body = {"success": False, "message": str(error.detail)}
    return JSONResponse(body, status_code=error.status_code, headers=headers)


def _methods(request: Request) -> list[str]:
    """Return the methods of a path. The framework's own answer has only the methods of the first endpoint."""
    app: FastAPI = request.app
    paths = app.openapi()["paths"]
    asked = request.url.path
    templates = (path for path in paths if re.fullmatch(re.sub(r"\{.*?\}", "[^/]+", path), asked))
    path = asked if asked in paths else next(templates, "")
    return sorted(method.upper() for method in paths.get(path, ()))


async def _on_crash(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"success": False, "message": "Internal server error"}, status_code=500)


def _field_sentence(detail: Mapping[str, Any]) -> str:
    """Describe a mistake in a sentence that names the field but never its value."""
    where = [str(part) for part in detail["loc"] if part not in {"body", "query"}]
    field = ".".join(where)[:_LONGEST_FIELD]
    if detail["type"] == "literal_error":
        return f"{field} must be one of {detail['ctx']['expected']}"
    if not field and detail["type"] != "json_invalid":
        return "The body must be a JSON object"
    return _SENTENCES.get(detail["type"], "{field} is not valid").format(field=field)


class LoggedErrors:
    """Logs the place of an uncaught error, but no value. The client already has its 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application."""
        try:
            await self._app(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the last resort of a server
            # The message is left out because it may contain a value of the request.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("internal error: %s\n%s", type(error).__name__, where)  # noqa: TRY400
