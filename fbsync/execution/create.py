"""Create exactly once: after a POST with an unknown outcome, check the list. Never blindly repeat the POST.

The API has no idempotency key and no read by id (``flashback-api.md``, 'Common'). fbsync therefore uses the identity,
which the server keeps unique.
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
"""The delay in seconds before each check of the list, which may lag."""

_NAME_MAY_EXIST = (400, 409, 422)
"""Statuses that may mean "this name exists". The API does not document which."""
_CONFLICT = 409
_TAKEN = re.compile(r"\b(exist(s|ing)?|already|taken|duplicated?|unique|in use|conflicts?)\b", re.IGNORECASE)


class Creator:
    """Create configurations.

    Args:
        server: the server.
        clock: the clock.
    """

    def __init__(self, server: Server, clock: Clock) -> None:
        self._server = server
        self._clock = clock

    async def create(
        self, identity: Identity, fields: Fields, *, earlier: Sequence[Claim], own: Callable[[], Claim]
    ) -> str:
        """Create a configuration, and return its id.

        Args:
            identity: the configuration's identity.
            fields: the fields of the request.
            earlier: the claims of earlier runs' unconfirmed requests with this identity.
            own: returns the claim of this request.

        Raises:
            ServerError: the creation was refused, somebody else has a configuration with this identity, or the
                outcome is unknown.
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
            # Without a list, nothing more may be sent. A refused request is not sent again.
            if refused or listed is None:
                break
        raise left_open(failure) if unsure else failure

    async def create_once(self, identity: Identity, fields: Fields) -> str:
        """Create a temporary configuration with one request, and return its id.

        A request with an unknown outcome is not sent again. The first one might be carried out late, after fbsync has
        stopped looking for its result.

        Args:
            identity: the configuration's identity, which no other configuration has.
            fields: the fields of the request.

        Raises:
            ServerError: the creation was refused, or the list does not show the configuration.
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
        """List the workspace until the list has the identity, a few times at most. None if the list cannot be read."""
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
        """Find the id of a configuration that the server says it created. Names are unique, so the name identifies it.

        Raises:
            ServerError: the list does not show it, or shows more than one. The request is not sent again, since it was
                carried out.
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
        """Treat the found configuration as fbsync's own if a claim explains it, then send its credential again.

        If it is somebody else's, the outcome of an unconfirmed attempt stays unknown: the server may still carry the
        attempt out once the name is free.
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
    """The listed configurations with an identity, in whatever spelling."""
    wanted = canonical_identity(identity)
    return [llm for llm in listed if canonical_identity(llm.identity) == wanted]


def _says_taken(failure: ServerError) -> bool:
    """Whether a refusal most likely means that the name is taken."""
    return failure.status == _CONFLICT or bool(_TAKEN.search(failure.message))


def _contradicted(failure: ServerError, identity: Identity, listed: Sequence[LiveLlm]) -> ServerError:
    """The failure of a creation that was refused because the name exists, although the list does not show it."""
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
    """Return the failure of an entry whose identity the server has more than once."""
    ids = ", ".join(sorted(llm.id for llm in found))
    return ServerError(
        f"the server has {len(found)} configurations with this name in {identity.workspace_id}: ids {ids}",
        hint="keep the right one, delete or rename the others, then run `fbsync apply` again",
        failure=Failure.REJECTED,
    )
