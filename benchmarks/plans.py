"""Plans without changes, compared with Terraform's of the same entries."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from benchmarks.places import PEERS, credentials, environment, fbsync, folder, found
from benchmarks.rows import Row, against, skipped
from benchmarks.servers import instant
from benchmarks.timing import Command, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECRETS = 5
_LIMITS = ((10, 1.7, 15), (100, 0.45, 9), (1_000, 0.04, 2))
"""Entries, the highest ratio, and the number of pairs. Terraform's largest plan takes long."""


def rows(root: Path) -> Iterator[Row]:
    """The rows of this family."""
    for entries, limit, runs in _LIMITS:
        yield _beside_terraform(root, entries, limit, runs)


def _beside_terraform(root: Path, entries: int, limit: float, runs: int) -> Row:
    work = f"no-op `plan`, {entries:,} entries, {_SECRETS} different secrets"
    peer = f"Terraform's no-op plan of {entries:,} `terraform_data`"
    terraform = found("terraform")
    if terraform is None:
        return skipped(work, peer, f"≤ {limit:g} x", "there is no terraform")
    plan = _plan(root, f"plan-{entries}", entries, _SECRETS)
    measured = pairs(plan, _terraform(terraform, plan.folder), runs=runs)
    return against(work, peer, limit=limit, ratio=measured.ratio, seconds=measured.seconds, digits=2)


def _plan(root: Path, name: str, entries: int, secrets: int) -> Command:
    """A plan after an apply."""
    place, variables = folder(root, name, entries=entries, secrets=secrets), environment(secrets)
    with instant() as server:
        argv = fbsync("apply", "--yes", "--no-refresh")
        Command(argv=argv, folder=place, environment=variables | server, expected=f" {entries} added").run()
    return Command(argv=fbsync("plan"), folder=place, environment=variables, expected="No changes.")


def _terraform(program: str, place: Path) -> Command:
    """The same with Terraform, without its check for updates. The provider is built in, so nothing is downloaded."""
    secrets = json.dumps(credentials(_SECRETS))
    variables = environment(0, CHECKPOINT_DISABLE="1", TF_VAR_secrets=secrets)
    shutil.copy(PEERS / "main.tf", place)

    def command(*arguments: str, expected: str) -> Command:
        return Command(argv=(program, *arguments), folder=place, environment=variables, expected=expected)

    command("init", "-input=false", "-no-color", expected="successfully").run()
    command("apply", "-auto-approve", "-input=false", "-no-color", expected="Apply complete!").run()
    return command("plan", "-input=false", "-no-color", expected="No changes.")
