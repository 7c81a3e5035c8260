"""Create exactly once: after a POST with an unknown outcome, check the list; never blindly repeat it.

The API has no idempotency key and no read by id (``flashback-api.md``, 'Common'), so identity, which the
server keeps unique, has to serve.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fbsync.model.configurations import Field
from fbsync.model.server_error import Failure, ServerError, left_open
from fbsync.model.spelling import canonical_identity, loose_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fbsync.execution.ports import Clock
    from fbsync.model.claims import Claim
    from fbsync.model.configurations import Identity
    from fbsync.model.live import LiveLlm
    from fbsync.model.server import Fields, Server

_ROUNDS = 3
LOOKS = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each check of the list, which may lag."""

_NAME_MAY_EXIST = (400, 409, 422)
"""Statuses that may mean "this name exists". The API does not document which."""
_CONFLICT = 409
_TAKEN = re.compile(r"\b(exist(s|ing)?|already|taken|duplicated?|unique|in use|conflicts?)\b", re.IGNORECASE)


class Creator:
    """Create configurations.

    Args:
        server: the server.
        clock: the time.
    """

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    async def create(
        self, identity: Identity, fields: Fields, *, earlier: Sequence[Claim], own: Callable[[], Claim]
    ) -> str:
        """Create one configuration; return its id.

        Args:
            identity: its identity.
            fields: the request's body.
            earlier: what earlier requests may have created under that identity.
            own: gives what this request may have created.

        Raises:
            ServerError: it was refused, somebody else has it, or its state cannot be found out.
        """
        claims, unsure = list(earlier), False
        for _ in range(_ROUNDS):
            try:
                llm_id = await self._server.create_llm(fields)
            except ServerError as error:
                failure = error
            else:
                return llm_id if llm_id is not None else await self.find_confirmed(identity)
            refused = failure.failure is not Failure.UNKNOWN
            if refused and failure.status not in _NAME_MAY_EXIST:
                break
            if not refused and not unsure:
                unsure = True
                claims.append(own())
            listed = await self._look(identity)
            if found := _of(identity, listed or ()):
                return await self._take(found, identity, fields, failure, claims, unsure=unsure)
            if refused and listed is not None and _says_taken(failure):
                failure = _contradicted(failure, identity, listed)
            # Without a look nothing more may be sent, and what was refused once is not sent again.
            if refused or listed is None:
                break
        raise left_open(failure) if unsure else failure

    async def create_once(self, identity: Identity, fields: Fields) -> str:
        """Create a temporary configuration with one request; return its id.

        A request whose outcome is unknown is not sent again: it might come late, when nobody looks for it any more.

        Args:
            identity: its identity, which is nobody else's.
            fields: the request's body.

        Raises:
            ServerError: it was refused, or the list does not show it.
        """
        try:
            llm_id = await self._server.create_llm(fields)
        except ServerError as error:
            if error.failure is not Failure.UNKNOWN:
                raise
            if found := _of(identity, await self._look(identity) or ()):
                return found[0].id
            raise
        return llm_id if llm_id is not None else await self.find_confirmed(identity)

    async def _look(self, identity: Identity) -> Sequence[LiveLlm] | None:
        """The workspace's list, repeated until it has the identity; None if the server has no list."""
        listed: Sequence[LiveLlm] = ()
        for seconds in LOOKS:
            await self._clock.sleep(seconds)
            try:
                listed = (await self._server.list_llms(identity.workspace_id)).llms
            except ServerError:
                return None
            if _of(identity, listed):
                break
        return listed

    async def find_confirmed(self, identity: Identity) -> str:
        """The id of what the server says that it created: names are unique, so the one of this name is it.

        Raises:
            ServerError: the list does not show it. The request is not sent again: it was carried out.
        """
        listed = await self._look(identity)
        found = _of(identity, listed or ())
        if len(found) > 1:
            raise several(identity, found)
        if found:
            return found[0].id
        lacking = "cannot be read" if listed is None else "does not have the configuration"
        raise ServerError(
            f"the server confirmed the creation but returned no id, and its list {lacking}",
            hint="run `fbsync apply` again: it checks for the configuration before it sends anything",
            failure=Failure.UNKNOWN,
            is_transient=False,
        )

    async def _take(
        self,
        found: Sequence[LiveLlm],
        identity: Identity,
        fields: Fields,
        failure: ServerError,
        claims: Sequence[Claim],
        *,
        unsure: bool,
    ) -> str:
        """Take what is there for our own if a request of ours explains it; make sure of its credential then.

        What somebody else has under this name says nothing of an attempt whose outcome is unknown: that one may still
        be carried out once the name is free.
        """
        if len(found) > 1:
            raise several(identity, found)
        (live,) = found
        if not any(claim.explains(live) for claim in claims):
            raise ServerError(
                f"somebody else created or changed it in the meantime (id {live.id}): {failure.message}",
                hint="run `fbsync apply --adopt` to take it over",
                failure=Failure.UNKNOWN if unsure else Failure.REJECTED,
                status=failure.status,
            )
        # An earlier request for it may have carried a key that is no longer declared.
        lacks_key = live.has_key and Field.API_KEY not in fields
        whole: Fields = ({Field.KEY: None} if lacks_key else {}) | {**fields}
        try:
            await self._server.update_llm(
                live.id, {field: value for field, value in whole.items() if field is not Field.WORKSPACE_ID}
            )
        except ServerError as error:
            raise left_open(error) from None
        return live.id


def _of(identity: Identity, listed: Sequence[LiveLlm]) -> list[LiveLlm]:
    """Everything listed that has an identity, however the server spells it."""
    wanted = canonical_identity(identity)
    return [llm for llm in listed if canonical_identity(llm.identity) == wanted]


def _says_taken(failure: ServerError) -> bool:
    """Whether a refusal most likely means that the name is taken."""
    return failure.status == _CONFLICT or bool(_TAKEN.search(failure.message))


def _contradicted(failure: ServerError, identity: Identity, listed: Sequence[LiveLlm]) -> ServerError:
    """The failure of a creation that was refused as existing although the list does not show it."""
    similar = [llm for llm in listed if loose_name(llm.name) == loose_name(identity.name)]
    if similar:
        other = f'"{similar[0].name}" (id {similar[0].id})'
        there = f"the server already has {other}, whose name differs only by case or whitespace"
        hint = "rename the entry or the other configuration"
    else:
        there = "but the server's list does not have it, so the list is wrong or incomplete"
        hint = "run `fbsync plan --refresh` later; if nothing changes, ask the API's operator who has the name"
    return ServerError(
        f"{failure.message}; {there}", hint=hint, failure=failure.failure, status=failure.status, is_transient=False
    )


def several(identity: Identity, found: Sequence[LiveLlm]) -> ServerError:
    """The failure of an entry whose identity the server has more than once."""
    ids = ", ".join(sorted(llm.id for llm in found))
    return ServerError(
        f"the server has {len(found)} configurations with this name in {identity.workspace_id}: ids {ids}",
        hint="keep the right one, delete or rename the others, then run `fbsync apply` again",
        failure=Failure.REJECTED,
    )
