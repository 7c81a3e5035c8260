"""Make the known state after an export."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fbsync.model.configurations import LockedCredential, LockedLlm, template_of, workspace_template
from fbsync.state.index import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fbsync.export.matching import Matches
    from fbsync.model.configurations import Identity, Llm
    from fbsync.model.live import LiveLlm
    from fbsync.workflow.project import Project


def record(llm: Llm, live: LiveLlm) -> LockedLlm:
    """Make the record of an exported entry, without fingerprints of its credentials.

    Args:
        llm: the entry in the manifest.
        live: the configuration on the server. Where the entry differs from it, a change is pending.
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


def records_after(
    project: Project,
    matches: Matches,
    new: Iterable[LiveLlm],
    kept: Iterable[LiveLlm],
    entries: Mapping[Identity, Llm],
) -> Records:
    """Return the known state after the export. Records of credentials and of existing entries stay.

    Args:
        project: the project before the export.
        matches: the configurations that the manifest already declared.
        new: the configurations to add.
        kept: the configurations that the manifest already had.
        entries: the new manifest's entries, by identity.
    """
    known = Records(project.known.llms)
    for llm in kept:
        if llm.id in matches.unrecorded:
            known.put(record(matches.entries[llm.id], llm))
    for llm in new:
        made = record(entries[llm.identity], llm)
        if llm.id in known:
            old = known[llm.id]
            made = replace(made, protect=old.protect)
            if made.api_key is None and old.api_key is None:
                made = replace(made, secret=old.secret, key=old.key)
        known.put(made)
    return known
