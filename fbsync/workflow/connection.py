"""A connection to a server: signed in, with safe retries, and with the credentials to look for in its answers."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fbsync.client import Client
from fbsync.execution.ports import SystemClock
from fbsync.execution.retry import Retrying
from fbsync.foreign_text.redactor import Redactor
from fbsync.model.errors import FbsyncError
from fbsync.settings import read_account
from fbsync.variables import FINGERPRINT_KEY_VARIABLE
from fbsync.workflow.checks import check_sign_in
from fbsync.workflow.known_state import recorded_secrets
from fbsync.workflow.project import secrets_of
from fbsync.workflow.store_ledger import LeasedServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator
    from pathlib import Path

    from fbsync.client import Exchange
    from fbsync.execution.ports import Stop
    from fbsync.model.secret import Secret
    from fbsync.model.server import Server
    from fbsync.variables import Variables
    from fbsync.workflow.project import Project
    from fbsync.workflow.shared_state import SharedState


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Timeouts, retries and parallelism for talking to the server.

    Attributes:
        timeout: how many seconds an answer may take.
        retry_timeout: for how many seconds a request is retried after its first failure.
        parallelism: how many requests may be in progress at a time.
        ca_file: a PEM file with the certificate authorities to trust, or None for those of the environment.
    """

    timeout: float = 60.0
    retry_timeout: float = 60.0
    parallelism: int = 8
    ca_file: Path | None = None


class Reachable(Protocol):
    """A server and the variables to sign in with: what a connection needs from a project."""

    @property
    def api_url(self) -> str:
        """The server's URL."""

    @property
    def variables(self) -> Variables:
        """The variables to sign in with."""


def known_secrets(project: Project) -> Iterator[Secret]:
    """Yield every credential that a run knows: declared ones, recorded ones, and the fingerprint key.

    Args:
        project: the project.
    """
    yield from secrets_of(project.desired)
    yield from recorded_secrets(project.known, project.variables)
    with suppress(FbsyncError):  # Whatever uses it reports what is wrong with it.
        if (key := project.variables.secret(FINGERPRINT_KEY_VARIABLE)) is not None:
            yield key


def public_texts(project: Project) -> Iterator[str]:
    """Yield text that a server may list even if it looks like a credential: manifest and known state show it openly.

    Args:
        project: the project.
    """
    for llm in project.desired:
        yield from (llm.name, llm.ai_type, *(text.value for _, text in llm.texts if text.value is not None))
        yield from (name for name in (llm.previous_name, llm.workspace) if name is not None)
    for locked in project.known.llms:
        yield from (locked.id, locked.name, locked.workspace_id, locked.ai_type, locked.endpoint)
        yield from (text for text in (locked.api_key, locked.workspace) if text is not None)


@asynccontextmanager
async def connected(
    project: Reachable,
    patience: Patience,
    *,
    stop: Stop,
    on_exchange: Callable[[Exchange], None] = lambda _: None,
    secrets: Iterable[Secret] = (),
    public: Iterable[str] = (),
    shared: SharedState | None = None,
) -> AsyncIterator[Server]:
    """Connect to a project's server for as long as the context lasts: sign in, and retry requests if that is safe.

    Args:
        project: the server and the variables.
        patience: timeouts, retries and parallelism.
        stop: ends waiting early.
        on_exchange: called with every request.
        secrets: the credentials that the run knows. Nothing that is shown of an answer may repeat one.
        public: text that may be shown even if it looks like a credential.
        shared: the state whose lease a change needs, or None if no lease is needed.

    Raises:
        FbsyncError: there is no way to sign in.
    """
    check_sign_in(project.variables)
    client = Client(
        project.api_url,
        read_account(project.variables),
        timeout=patience.timeout,
        ca_file=patience.ca_file,
        redactor=Redactor(secrets, public=public),
        on_exchange=on_exchange,
    )
    async with client:
        yield Retrying(
            client if shared is None else LeasedServer(client, shared, timeout=patience.timeout),
            clock=SystemClock(),
            stop=stop,
            parallelism=patience.parallelism,
            timeout=patience.retry_timeout,
        )
