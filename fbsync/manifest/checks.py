"""What a schema cannot say: checks across entries, of references and of URLs."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fbsync.explain import nearest
from fbsync.findings import Finding, Position, Severity
from fbsync.manifest.drafts import in_environment
from fbsync.references import parse
from fbsync.settings import is_loopback

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from fbsync.manifest.drafts import Draft, Placed, Variant
    from fbsync.manifest.loader import Document
    from fbsync.model import Llm


def semantic(drafts: Sequence[Draft], variants: Mapping[str, Sequence[Variant]]) -> Iterator[Finding]:
    """Everything wrong with a manifest that its schema does not see, in any environment.

    Fields that the schema refuses are passed over here: they have their finding.
    """
    for draft in drafts:
        yield from _name(draft)
    for group in (drafts, *(in_environment(drafts, own) for own in variants.values())):
        for draft in group:
            yield from _fields(draft)
        yield from _identities(group)
        yield from _previous_names(group)
    yield from _patches(drafts, variants)
    yield from _left_out_everywhere(drafts, variants)


def resolved(llms: Sequence[Llm]) -> Iterator[Finding]:
    """What is wrong only now that references are resolved: equal identities, endpoints that are no URLs."""
    places = [(llm.identity, llm.name, llm.position) for llm in llms]
    yield from _duplicates(places)
    for llm in llms:
        if llm.endpoint.missing or llm.endpoint.value is None or not llm.endpoint.holds_references:
            continue
        yield from _endpoint(llm.endpoint.value, llm.endpoint.position, llm.name)


def unknown_environment(name: str, variants: Mapping[str, Sequence[Variant]], documents: Sequence[Document]) -> Finding:
    """The finding for an environment that was asked for and is nowhere declared."""
    known = ", ".join(sorted(variants))
    meant = nearest(name, variants)
    return Finding(
        rule="unknown-environment",
        position=Position(file=documents[0].file if documents else "fbsync.yaml"),
        message=f'there is no environment "{name}"; ' + (f"declared are {known}" if known else "none is declared"),
        remedy=f"use -e {meant}" if meant else 'declare it under "environments:", or use another one',
    )


def _name(draft: Draft) -> Iterator[Finding]:
    name = draft.name
    if name is None:
        return
    place = draft.position("name")
    if name != name.strip():
        yield _warning("name-blanks", place, name, "the name begins or ends with blanks", "remove them")
    if parse(name).names:
        yield _warning(
            "name-reference",
            place,
            name,
            "names hold no references: this one is sent exactly as it is written, dollar sign and all",
            "write the name itself",
        )
    if draft.text("previousName") == name:
        yield _error(
            "previous-name",
            draft.position("previousName"),
            name,
            "previousName is the name itself",
            "remove previousName, or give the name that the entry had before",
        )


def _fields(draft: Draft) -> Iterator[Finding]:
    for field in ("workspaceId", "endpoint"):
        placed = draft.fields.get(field)
        if placed is not None and placed.text is not None:
            yield from _references(placed, placed.text, field, draft.name)
    if "workspaceId" not in draft.fields:
        yield _error(
            "missing-workspace",
            draft.entry.position,
            draft.name,
            "the entry has no workspace: neither it nor the file names a workspaceId",
            'add "workspaceId: $FLASHBACK_WORKSPACE_ID" at the top of the file',
        )
    endpoint = draft.text("endpoint")
    if endpoint is not None and (checkable := _with_placeholders(endpoint)) is not None:
        yield from _endpoint(checkable, draft.position("endpoint"), draft.name)
    if draft.text("aiType") == "AWS" and "key" not in draft.fields:
        yield _warning(
            "missing-key",
            draft.entry.position,
            draft.name,
            "an AWS entry has no key: AWS signs requests with an access key id and a secret",
            'add "key: $AWS_ACCESS_KEY_ID"',
        )


def _references(placed: Placed, text: str, field: str, entry: str | None) -> Iterator[Finding]:
    if parse(text).stray:
        yield _error(
            "bad-reference",
            placed.position,
            entry,
            f"a dollar sign in {field} begins no legal reference: variables' names have letters, digits and "
            "underscores and do not begin with a digit",
            "write $NAME, ${NAME} or $<NAME>; write $$ for a dollar sign itself",
        )


def _with_placeholders(endpoint: str) -> str | None:
    """The endpoint with a word for each reference, or None where even its scheme is a reference."""
    parts = list(parse(endpoint).parts)
    if len(parts) > 1 and "://" not in parts[0]:
        return None
    parts[1::2] = ["x"] * len(parts[1::2])
    return "".join(parts)


def _endpoint(url: str, place: Position, entry: str | None) -> Iterator[Finding]:
    """Checks an endpoint as a URL; never shows it, since a URL may hold credentials."""
    remedy = "write, for example, https://api.openai.com/v1"
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname)
        _ = parts.port
    except ValueError:
        fits = False
    if not fits:
        yield _error("endpoint-no-url", place, entry, "the endpoint is not an http or https URL with a host", remedy)
        return
    if parts.username is not None or parts.password is not None:
        yield _error(
            "endpoint-credentials",
            place,
            entry,
            "the endpoint holds a user name or a password",
            "take them out of the URL: the credential belongs in secret, as a reference",
        )
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        yield _warning(
            "endpoint-plain-http",
            place,
            entry,
            "the endpoint is plain http: the credential would cross the network unencrypted",
            "write https://",
        )


def _identities(drafts: Sequence[Draft]) -> Iterator[Finding]:
    named = [(draft, draft.name, draft.text("workspaceId")) for draft in drafts]
    places = [((workspace, name), name, draft.position("name")) for draft, name, workspace in named if name]
    yield from _duplicates(places)
    alike: dict[tuple[str | None, str], tuple[str, Position]] = {}
    for (workspace, _), name, place in places:
        known, first = alike.setdefault((workspace, name.strip().casefold()), (name, place))
        if known != name:
            yield _warning(
                "names-alike",
                place,
                name,
                "this name differs from another one of its workspace only by case or surrounding blanks",
                "give them names that people can tell apart",
                first,
            )


def _duplicates(places: Iterable[tuple[Hashable, str, Position]]) -> Iterator[Finding]:
    seen: dict[Hashable, Position] = {}
    for identity, name, place in places:
        first = seen.setdefault(identity, place)
        if first is not place:
            yield _error(
                "duplicate-identity",
                place,
                name,
                f"the workspace already has an entry of this name, at {first}",
                "rename one of them, or remove it",
                first,
            )


def _previous_names(drafts: Sequence[Draft]) -> Iterator[Finding]:
    """Warns where a previous name is also declared: right for a swap, and else most likely a slip."""
    declared = {(draft.text("workspaceId"), draft.name): draft for draft in drafts}
    for draft in drafts:
        previous = draft.text("previousName")
        other = declared.get((draft.text("workspaceId"), previous)) if previous else None
        if other is not None and other is not draft:
            yield _warning(
                "previous-name-declared",
                draft.position("previousName"),
                draft.name,
                "the previous name is declared too: the known configuration of that name becomes this entry, "
                "and the other entry is made anew unless it has a previousName itself",
                "remove previousName if this is no rename",
                other.position("name"),
            )


def _patches(drafts: Sequence[Draft], variants: Mapping[str, Sequence[Variant]]) -> Iterator[Finding]:
    names = {draft.name for draft in drafts if draft.name}
    for environment, own in variants.items():
        for variant in own:
            for name, patch in variant.patches.items():
                if name in names:
                    continue
                meant = nearest(name, names)
                yield _error(
                    "unknown-entry",
                    patch.document.position_of_key(patch.path),
                    name,
                    f'the environment "{environment}" changes an entry that does not exist',
                    f'write "{meant}"' if meant else "declare the entry under llms, or remove this",
                )


def _left_out_everywhere(drafts: Sequence[Draft], variants: Mapping[str, Sequence[Variant]]) -> Iterator[Finding]:
    if not variants:
        return
    kept = {id(d.entry.value) for own in variants.values() for d in in_environment(drafts, own)}
    for draft in drafts:
        if id(draft.entry.value) not in kept:
            yield _warning(
                "left-out-everywhere",
                draft.position("name"),
                draft.name,
                "every environment leaves this entry out: only a run without -e has it",
                "remove it if no such run is meant",
            )


def _error(rule: str, place: Position, entry: str | None, message: str, remedy: str, *related: Position) -> Finding:
    return Finding(rule=rule, position=place, entry=entry, message=message, remedy=remedy, related=related)


def _warning(rule: str, place: Position, entry: str | None, message: str, remedy: str, *related: Position) -> Finding:
    return Finding(
        rule=rule,
        position=place,
        entry=entry,
        message=message,
        remedy=remedy,
        related=related,
        severity=Severity.WARNING,
    )
