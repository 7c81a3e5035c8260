"""Find the configurations that an export leaves out, since a manifest cannot express them, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.export.entries import fields_of, read_back
from fbsync.manifest.assemble import assemble
from fbsync.model.api_keys import is_uuid
from fbsync.model.configurations import Field
from fbsync.model.findings import errors_among
from fbsync.strict_yaml.append import new_manifest
from fbsync.strict_yaml.loader import parse_document

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fbsync.model.configurations import Identity
    from fbsync.model.live import LiveLlm


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A configuration that a manifest cannot express, and why."""

    live: LiveLlm
    reason: str


def withheld(listed: Iterable[LiveLlm]) -> dict[str, LeftOut]:
    """Return the configurations with a value that repeats a credential, by id: no file may contain that value."""
    return {
        llm.id: LeftOut(live=llm, reason=f"its {' and '.join(llm.withheld)} on the server repeats a credential")
        for llm in listed
        if llm.withheld
    }


def twins(listed: Iterable[LiveLlm]) -> dict[str, LeftOut]:
    """Return the configurations that share their identity with another one, by id. They cannot be distinguished."""
    by_identity: dict[Identity, list[LiveLlm]] = {}
    for llm in listed:
        by_identity.setdefault(llm.identity, []).append(llm)
    return {
        llm.id: LeftOut(live=llm, reason=f"the workspace has {len(alike)} configurations with this name")
        for alike in by_identity.values()
        if len(alike) > 1
        for llm in alike
    }


def inexpressible(llm: LiveLlm) -> str | None:
    """Return why a manifest cannot express a configuration, as `fbsync validate` would say, or None if it can."""
    if llm.ai_type is None or (llm.endpoint is None and llm.api_key_id is None):
        return _unshown(llm)
    if llm.api_key_id is not None and not is_uuid(llm.api_key_id):
        return "the id of its stored key on the server is not a uuid"
    references = {Field.SECRET: "X"} if llm.api_key_id is None else {}
    entry = read_back(fields_of(llm, references, default_workspace=None))
    document = parse_document(new_manifest([entry], head=(), workspace_id=None).encode(), file="")
    wrong = errors_among(assemble([document]).findings)
    if wrong:
        return wrong[0].message
    read = document.value.get("llms") if isinstance(document.value, dict) else None
    return None if read == [entry] else "it would not read back the same"


def _unshown(llm: LiveLlm) -> str:
    """Say which required fields the server does not show."""
    shown = (("endpoint", llm.endpoint or llm.api_key_id), ("type", llm.ai_type))
    lacking = " and no ".join(word for word, value in shown if value is None)
    return f"the server shows no {lacking}, which an entry needs"
