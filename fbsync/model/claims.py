"""Claims: decide whether an unconfirmed request created a configuration on the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.model.configurations import Field
from fbsync.model.spelling import canonical_identity, same

if TYPE_CHECKING:
    from datetime import datetime

    from fbsync.model.configurations import Identity
    from fbsync.model.live import LiveLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The configuration that an unconfirmed creation would have made.

    Attributes:
        identity: its identity.
        ai_type: its type.
        endpoint: its endpoint, or None if the request had none, which a stored key allows.
        api_key: its stored provider key, or None.
        since: the server's time before the request was sent, or None if it is unknown.
        user_id: the user who sent the request, or None if the user is unknown.
    """

    identity: Identity
    ai_type: str | None
    endpoint: str | None
    api_key: str | None = None
    since: datetime | None = None
    user_id: str | None = None

    def explains(self, live: LiveLlm) -> bool:
        """Whether the request made a listed configuration (``design.md``, guarantee 7).

        Such a configuration has the request's identity, type, endpoint and stored key. It was created after the
        request was sent, and by the same user if both users are known. Many configurations share type and endpoint,
        so the time decides. If the server lists no ``createdAt``, or its time before the request is unknown, nothing
        distinguishes fbsync's own configuration from one that another client made under the same name. It then counts
        as somebody else's, which only ``--adopt`` takes over: nothing is lost, and nobody else's configuration is
        overwritten.
        """
        if self.since is None or live.created_at is None:
            return False
        return (
            canonical_identity(live.identity) == canonical_identity(self.identity)
            and _same(Field.AI_TYPE, self.ai_type, live.ai_type)
            and (self.endpoint is None or _same(Field.ENDPOINT, self.endpoint, live.endpoint))
            and self.api_key == live.api_key_id
            and live.created_at.replace(microsecond=0) >= self.since.replace(microsecond=0)
            and (self.user_id is None or live.user_id is None or self.user_id == live.user_id)
        )


def _same(field: Field, one: str | None, other: str | None) -> bool:
    return one == other or (one is not None and other is not None and same(field, one, other))
