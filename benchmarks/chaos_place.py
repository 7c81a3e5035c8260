"""The place of schedules: a sandbox with its records, its gate, and processes that start fbsync."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from benchmarks.chaos_checks import Row, on_server
from fbsync.sandbox.builtin import WRITER
from fbsync.sandbox.options import SandboxOptions
from fbsync.sandbox.process import running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from benchmarks.chaos_gate import Gate
    from benchmarks.chaos_runs import Forks
    from fbsync.sandbox.process import Sandbox

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """The place where schedules run, one after the other.

    Attributes:
        database: the sandbox's records.
        forks: the processes that start runs, each one at a time.
        folder: the folder for the schedules' own folders.
        authority: a certificate file, so that runs do not spend their time on loading the system's certificates.
        workspaces: the workspaces of the current schedule.
    """

    sandbox: Sandbox
    database: Path
    gate: Gate
    forks: tuple[Forks, ...]
    folder: Path
    authority: Path
    workspaces: tuple[str, ...]

    @property
    def environment(self) -> dict[str, str]:
        """The variables to reach the server and to sign in, also after the token has expired."""
        return {
            "FLASHBACK_API_URL": self.gate.url,
            "FLASHBACK_TOKEN": self.sandbox.token,
            "FLASHBACK_EMAIL": self.sandbox.admin.email,
            "FLASHBACK_PASSWORD": self.sandbox.admin.password,
            "SSL_CERT_FILE": str(self.authority),
        }

    def rows(self) -> dict[str, Row]:
        """The server's configurations, by id."""
        return on_server(self.database, self.workspaces)

    def send(
        self, method: str, path: str, fields: Mapping[str, str | None] | None, *, as_another: bool = False
    ) -> None:
        """Send a request without the gate, as somebody else does, with the same account or another one."""
        account, where = WRITER if as_another else self.sandbox.admin, urlsplit(self.sandbox.url)
        connection = HTTPConnection(where.hostname or "", where.port, timeout=30)
        login = json.dumps({"email": account.email, "password": account.password})
        connection.request("POST", "/user/login", login, _JSON)
        token = json.load(connection.getresponse())["accessToken"]
        body = None if fields is None else json.dumps(fields)
        connection.request(method, path, body, _JSON | {"Authorization": f"Bearer {token}"})
        connection.getresponse().read()
        connection.close()

    @contextmanager
    def faulty(self, script: Mapping[str, Any], file: Path) -> Iterator[None]:
        """Put a second sandbox with the same records after the gate, with the faults of a fault script."""
        file.write_text(json.dumps(script))
        try:
            with running(SandboxOptions(db=self.database, faults=file)) as sandbox:
                self.gate.upstream = sandbox.url
                yield
        finally:
            self.gate.upstream = self.sandbox.url
            file.unlink()
