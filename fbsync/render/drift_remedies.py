"""Say how to undo or keep each difference: commands to run, or what to write to the manifest."""

from __future__ import annotations

import shlex
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never

from fbsync.model.configurations import Field
from fbsync.planning.drift import (
    NONE,
    ChangedOutside,
    DeletedOutside,
    Difference,
    ReplacedOutside,
    Unadopted,
    Unmanaged,
    identity_of_difference,
)
from fbsync.planning.hosts import host_of
from fbsync.render.paint import visible

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from fbsync.model.configurations import Identity
    from fbsync.planning.drift import FieldDrift
    from fbsync.render.drift_found import DriftFound


def _moves_host(field: FieldDrift) -> bool:
    """Whether undoing a difference moves an endpoint to another host. ``apply`` needs an option for that."""
    return field.field is Field.ENDPOINT and field.known != NONE and host_of(field.known) != host_of(field.live)


_NOTHING: Mapping[Identity, str] = MappingProxyType({})
UNDO, KEEP = "to undo", "to keep"


def advice_on(difference: Difference, found: DriftFound) -> tuple[tuple[str, str], ...]:
    """Return how to handle a difference in an environment: see ``remedies``."""
    return remedies(
        difference,
        environment=found.environment,
        declared=found.declared,
        by_hand=found.by_hand,
        taken_over=found.taken_over,
    )


def remedies(
    difference: Difference,
    *,
    environment: str | None,
    declared: Mapping[Identity, str],
    by_hand: Mapping[Identity, str] = _NOTHING,
    taken_over: Container[Identity] = (),
) -> tuple[tuple[str, str], ...]:
    """Return how to handle a difference: labels and instructions, which are safe to show.

    Args:
        difference: the difference.
        environment: the environment's name, or None for no environment.
        declared: the declared entries: the name in the manifest, by the identity in the known state.
        by_hand: how to keep a change that ``drift --accept`` cannot take over, by the entry's identity.
        taken_over: the entries for which the manifest now has the server's values.
    """
    identity = identity_of_difference(difference)
    name = shlex.quote(visible(identity.name))
    where = "" if environment is None else f" -e {shlex.quote(visible(environment))}"
    only = shlex.quote(visible(declared.get(identity, identity.name)))
    also = "" if only == name else ", which also renames it"
    accept = f"fbsync drift{where} --accept {name}"
    match difference:
        case Unadopted():
            return ((KEEP, f"fbsync apply{where} --adopt --only {name}"),)
        case Unmanaged():
            return ((KEEP, "nothing; fbsync export adds it to the manifest"),)
        case _ if identity not in declared:
            return ((UNDO, "declare it again and apply"), (KEEP, f"fbsync state forget{where} {name}"))
        case ChangedOutside() if identity in taken_over:
            keep = f"fbsync apply{where} --only {only}, which records it"
            return ((UNDO, "change the manifest back and apply"), (KEEP, keep))
        case ChangedOutside():
            allowed = " --allow-host-change" if any(map(_moves_host, difference.fields)) else ""
            undo = f"fbsync apply{where} --only {only}{allowed}{also}"
            return ((UNDO, undo), (KEEP, visible(by_hand.get(identity, accept))))
        case DeletedOutside():
            undo = f"fbsync apply{where} --only {only}, which recreates it"
            if difference.with_all:
                undo = (
                    "check the API URL and the token first, since the server lists nothing in this workspace; then "
                    f"fbsync apply{where} --recreate --only {only}"
                )
            return ((UNDO, undo), (KEEP, visible(by_hand.get(identity, accept))))
        case ReplacedOutside():
            undo = "delete the other one on the server and apply"
            adopt = f"fbsync apply{where} --adopt --only {only}{also}"
            takes_over = difference.fields and identity not in by_hand
            return ((UNDO, undo), (KEEP, f"{accept}, then {adopt}" if takes_over else adopt))
        case _:
            assert_never(difference)
