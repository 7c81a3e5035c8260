"""A connection to a server: signed in, with safe retries, and with the credentials to search its answers for."""

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
        timeout: seconds that an answer may take.
        retry_timeout: seconds for which a request is tried again after its first failure.
        parallelism: how many requests may be under way at a time.
        ca_file: certificates of authorities to trust, in PEM, or None for those of the environment.
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
        """What signing in takes its means from."""


def known_secrets(project: Project) -> Iterator[Secret]:
    """Every credential that a run knows: those that are declared, those that were, and the key of fingerprints.

    Args:
        project: what the run reads.
    """
    yield from secrets_of(project.desired)
    yield from recorded_secrets(project.known, project.variables)
    with suppress(FbsyncError):  # what is wrong with it is said where it is used
        if (key := project.variables.secret(FINGERPRINT_KEY_VARIABLE)) is not None:
            yield key


def public_texts(project: Project) -> Iterator[str]:
    """What a server may list although it looks like a credential: what manifest and known state say in clear.

    Args:
        project: what the run reads.
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
    """The server of a project, for as long as the context lasts: signed in to, and tried again where that is safe.

    Args:
        project: whose server.
        patience: how it is asked.
        stop: ends waiting early.
        on_exchange: called with every request.
        secrets: the credentials that the run knows: nothing that the server says may repeat one.
        public: what it may list all the same.
        shared: the state without whose lease no change is sent, or None.

    Raises:
        FbsyncError: there are no means of signing in.
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
