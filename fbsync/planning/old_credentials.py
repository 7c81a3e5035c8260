"""Notices about credentials that are older than their maximum age."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.model.ages import days_ago
from fbsync.model.changes import Unchanged, Update, identity_of
from fbsync.model.plan import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fbsync.model.ages import Ages, CredentialAge
    from fbsync.model.changes import Change
    from fbsync.model.configurations import Identity, Llm, LockedLlm


def old_in_plan(changes: Iterable[Change], ages: Ages) -> Iterator[Notice]:
    """Yield a notice for each credential that is too old and that the plan neither sends nor removes.

    Args:
        changes: the plan's changes.
        ages: the day, and the maximum age if it overrides the manifests'.
    """
    for change in changes:
        if isinstance(change, Update | Unchanged):
            most = ages.most or change.desired.max_credential_age
            renewed = {item.field for item in change.credentials if item.is_sent or item.gives_way}
            for age in _too_old(change.locked, ages, most):
                if age.field not in renewed:
                    yield _notice(identity_of(change), age, most)


def old_in_known(known: Iterable[LockedLlm], desired: Iterable[Llm], ages: Ages) -> Iterator[Notice]:
    """Yield a notice for each known credential that is too old.

    Args:
        known: the known configurations.
        desired: the declared configurations, with the manifests' maximum ages.
        ages: the day, and the maximum age if it overrides the manifests'.
    """
    limits = {llm.identity: llm.max_credential_age for llm in desired}
    for locked in known:
        most = ages.most or limits.get(locked.identity)
        for age in _too_old(locked, ages, most):
            yield _notice(locked.identity, age, most)


def _too_old(locked: LockedLlm, ages: Ages, most: int | None) -> Iterator[CredentialAge]:
    return (age for age in ages.of(locked) if most is not None and age.days > most)


def _notice(identity: Identity, age: CredentialAge, most: int | None) -> Notice:
    message = f"its {age.field.value} was last sent on {age.sent_on}, {days_ago(age.days)}: rotate it"
    return Notice(identity=identity, message=f"{message} (maximum age: {most} days)")
