"""Describe the holder of a lease: the URL of the CI run if there is one, and the process and the host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LONGEST = 300
_URL_VARIABLES = (
    "CI_JOB_URL",
    "BUILDKITE_BUILD_URL",
    "CIRCLE_BUILD_URL",
    "DRONE_BUILD_LINK",
    "CI_PIPELINE_URL",
    "BUILD_URL",
)
_USER_VARIABLES = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "CIRCLE_USERNAME", "USER", "LOGNAME")
_URL = re.compile(r"https?://[^\s@]+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The run that holds a lease.

    Attributes:
        run: the URL of the CI run, or None.
        user: who started it, or None.
        host: the machine's name.
        process: the process id on that machine.
    """

    run: str | None = None
    user: str | None = None
    host: str
    process: int

    def __str__(self) -> str:
        """The holder, as messages show it."""
        place = f"process {self.process} on {self.host}"
        return shown(f"{self.run} ({place})" if self.run is not None else place)


def shown(text: str) -> str:
    """Make foreign text safe for a terminal: one line of printable characters, not too long."""
    return _UNPRINTABLE.sub("?", text)[:_LONGEST]


def holder_from(environ: Mapping[str, str], *, host: str, process: int) -> Holder:
    """Describe this process as a holder.

    Args:
        environ: the process's environment, with the variables of the CI system.
        host: the machine's name.
        process: this process's id.
    """
    user = next((environ[name] for name in _USER_VARIABLES if environ.get(name)), None)
    return Holder(
        run=next((url for url in _urls(environ) if _URL.fullmatch(url)), None),
        user=None if user is None else shown(user),
        host=shown(host),
        process=process,
    )


def _urls(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield possible URLs of this run, from variables that CI systems document. The first valid one counts."""

    def joined(*parts: str) -> str:
        values = [environ.get(part, "") if part.isupper() else part for part in parts]
        return "".join(values) if all(values) else ""

    yield joined("GITHUB_SERVER_URL", "/", "GITHUB_REPOSITORY", "/actions/runs/", "GITHUB_RUN_ID")
    for name in _URL_VARIABLES:
        yield environ.get(name, "")
    yield joined(
        "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_TEAMPROJECT", "/_build/results?buildId=", "BUILD_BUILDID"
    )
    yield joined("BITBUCKET_GIT_HTTP_ORIGIN", "/pipelines/results/", "BITBUCKET_BUILD_NUMBER")
