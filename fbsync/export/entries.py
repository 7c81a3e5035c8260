"""What an export takes from the server: each configuration as an entry, with names for its variables."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.manifest.references import escape
from fbsync.model.configurations import Field, LockedCredential, LockedLlm, template_of, workspace_template

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from fbsync.model.configurations import Identity, Llm
    from fbsync.model.live import LiveLlm

_RESERVED = ("FLASHBACK_", "FBSYNC_", "GITHUB_")
"""What names do not begin with: fbsync's own do, and GitHub Actions takes no secret of the latter (its reference,
'Naming your secrets')."""
_NAMELESS = "LLM"
_NEEDS_KEY = "AWS"
"""The type whose configurations have an access key id, which the server may not show (``flashback-api.md``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A configuration that a manifest cannot express, and why."""

    live: LiveLlm
    reason: str


def ordered(listed: Iterable[LiveLlm]) -> tuple[LiveLlm, ...]:
    """By workspace, then name: the same for the same server."""
    return tuple(sorted(listed, key=lambda llm: (llm.workspace_id, llm.name, llm.id)))


def withheld(listed: Iterable[LiveLlm]) -> dict[str, LeftOut]:
    """The configurations with a value that repeats a credential, by id: no file may have it."""
    return {
        llm.id: LeftOut(live=llm, reason=f"its {' and '.join(llm.withheld)} on the server repeats a credential")
        for llm in listed
        if llm.withheld
    }


def twins(listed: Iterable[LiveLlm]) -> dict[str, LeftOut]:
    """The configurations that share their identity with another one, by id: nobody could distinguish them."""
    by_identity: dict[Identity, list[LiveLlm]] = {}
    for llm in listed:
        by_identity.setdefault(llm.identity, []).append(llm)
    return {
        llm.id: LeftOut(live=llm, reason=f"the workspace has {len(alike)} configurations with this name")
        for alike in by_identity.values()
        if len(alike) > 1
        for llm in alike
    }


def fields_of(
    llm: LiveLlm, references: Mapping[Field, str], *, default_workspace: str | None, protect: bool = False
) -> dict[str, str | bool]:
    """The fields of a configuration's entry, in the order in which people write them.

    Args:
        llm: the configuration.
        references: the names of its variables.
        default_workspace: the workspace that goes without saying, or None.
        protect: whether the lockfile knows it as protected.
    """
    entry: dict[str, str | bool] = {
        "name": llm.name,
        "aiType": llm.ai_type or "",
    }
    if llm.endpoint is not None:
        entry["endpoint"] = escape(llm.endpoint)
    if llm.api_key_id is not None:
        entry[Field.API_KEY.value] = llm.api_key_id
    if llm.ai_type == _NEEDS_KEY and Field.KEY not in references and Field.SECRET in references:
        stem = references[Field.SECRET].removesuffix("_SECRET")
        entry[f"# {Field.KEY.value}"] = f"${stem}_KEY"
    entry |= {field.value: f"${references[field]}" for field in (Field.KEY, Field.SECRET) if field in references}
    if llm.workspace_id != default_workspace:
        entry["workspaceId"] = escape(llm.workspace_id)
    return entry | ({"protect": True} if protect else {})


class References:
    """Names for variables, made of entries' names: distinct, and none that is taken or fbsync's own.

    Args:
        taken: the names that stand for something else already.
    """

    def __init__(self, taken: Collection[str]) -> None:
        self._taken = set(taken)

    def of(self, llm: LiveLlm) -> dict[Field, str]:
        """The names for a configuration's credentials: none beside a stored key, one for the key where there is one."""
        if llm.api_key_id is not None:
            return {}
        fields = (Field.KEY, Field.SECRET) if llm.has_key else (Field.SECRET,)
        stem = _stem(llm.name)
        return {field: self._free(f"{stem}_{field.value.upper()}") for field in fields}

    def _free(self, name: str) -> str:
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add(free)
        return free


def _stem(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_")[:60]
    is_taken = not stem or stem[0].isdigit() or f"{stem}_".startswith(_RESERVED)
    return f"{_NAMELESS}_{stem}".rstrip("_") if is_taken else stem


def record(llm: Llm, live: LiveLlm) -> LockedLlm:
    """What is known of an exported entry: everything but its credentials.

    Args:
        llm: the entry as the manifest has it now.
        live: the configuration; what the manifest says otherwise is a change that is pending.
    """
    stored = live.api_key_id
    key = LockedCredential(reference=llm.key.reference, fingerprint=None) if llm.key and live.has_key else None
    secret = LockedCredential(reference=llm.secret.reference, fingerprint=None) if llm.secret else None
    same = llm.endpoint.value == (live.endpoint or "")
    return LockedLlm(
        id=live.id,
        name=live.name,
        workspace_id=live.workspace_id,
        ai_type=live.ai_type or "",
        endpoint=live.endpoint or "",
        secret=secret if stored is None else None,
        key=key if stored is None else None,
        api_key=stored,
        api_key_template=template_of(llm.api_key) if llm.api_key and llm.api_key.value == stored else None,
        protect=llm.protect,
        previous_name=llm.previous_name if llm.name == live.name else None,
        workspace_template=workspace_template(llm),
        endpoint_template=template_of(llm.endpoint) if same else None,
        workspace=llm.workspace,
        declared_in=llm.declared_in,
    )


def only_workspace(listed: Sequence[LiveLlm]) -> str | None:
    """The workspace that a new manifest has as its default: the only one there is."""
    workspaces = {llm.workspace_id for llm in listed}
    return workspaces.pop() if len(workspaces) == 1 else None
