"""A server in memory with unique names in each workspace. Tests can act as other users."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from fbsync.model.configurations import Field
from fbsync.model.live import LiveLlm
from fbsync.model.secret import Secret
from fbsync.model.server import Listing
from fbsync.model.server_error import Failure, ServerError


@dataclass(frozen=True)
class Row:
    workspace: str
    name: str
    ai_type: str
    endpoint: str
    secret: str
    key: str | None = None

    @property
    def identity(self):
        return self.workspace, self.name


_FIELDS = {
    Field.WORKSPACE_ID: "workspace",
    Field.NAME: "name",
    Field.AI_TYPE: "ai_type",
    Field.ENDPOINT: "endpoint",
    Field.SECRET: "secret",
    Field.KEY: "key",
}


class FakeServer:
    user_id = "user-1"
    first_served_at = None

    def __init__(self):
        self.rows = {}
        self.writes = 0
        self.created_at = {}
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self._numbers = count(1)

    async def learn_user(self):
        """The user is already known."""

    async def list_llms(self, workspace_id):
        rows = tuple(
            LiveLlm(
                id=id_,
                name=row.name,
                workspace_id=row.workspace,
                ai_type=row.ai_type,
                endpoint=row.endpoint,
                key_mask=None if row.key is None else "****",
                key_listed=True,
                created_at=self.created_at.get(id_),
                user_id=self.user_id,
            )
            for id_, row in self.rows.items()
            if workspace_id in (None, row.workspace)
        )
        return Listing(llms=rows, served_at=self.now)

    async def create_llm(self, fields):
        self.writes += 1
        return self.add(Row(**_values(fields)))

    async def update_llm(self, llm_id, fields):
        self.writes += 1
        self._require(llm_id)
        self.put(llm_id, Row(**{**vars(self.rows[llm_id]), **_values(fields)}))

    async def delete_llm(self, llm_id):
        self.writes += 1
        self._require(llm_id)
        del self.rows[llm_id]

    def add(self, row):
        llm_id = f"id-{next(self._numbers)}"
        self.created_at[llm_id] = self.now
        self.put(llm_id, row)
        return llm_id

    def put(self, llm_id, row):
        if self.holder(row.identity) not in (None, llm_id):
            raise _refusal(400, Failure.REJECTED)
        self.rows[llm_id] = row

    def holder(self, identity):
        """The id of the configuration with this identity, or None."""
        return next((llm_id for llm_id, row in self.rows.items() if row.identity == identity), None)

    def _require(self, llm_id):
        if llm_id not in self.rows:
            raise _refusal(404, Failure.NOT_FOUND)


def _values(fields):
    revealed = {field: value.reveal() if isinstance(value, Secret) else value for field, value in fields.items()}
    return {_FIELDS[field]: value for field, value in revealed.items()}


def _refusal(status, failure):
    return ServerError(f"status {status}", hint="", failure=failure, status=status)
