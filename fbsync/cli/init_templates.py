"""Make the files of a new project: a commented manifest, and lines for .gitignore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fbsync.manifest.references import escape
from fbsync.render.paint import visible
from fbsync.schema.validate import SCHEMA_FILE, SCHEMA_LINE
from fbsync.strict_yaml.append import new_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fbsync.model.live import Workspace


PROVIDERS: dict[str, Mapping[str, str]] = {
    "openai": {
        "name": "OpenAI",
        "aiType": "OPENAI",
        "endpoint": "https://api.openai.com/v1",
        "secret": "$OPENAI_API_KEY",
    },
    "google": {
        "name": "Gemini",
        "aiType": "GOOGLE",
        "endpoint": "https://generativelanguage.googleapis.com",
        "secret": "$GEMINI_API_KEY",
    },
    "anthropic": {
        "name": "Claude",
        "aiType": "ANTHROPIC",
        "endpoint": "https://api.anthropic.com",
        "secret": "$ANTHROPIC_API_KEY",
    },
    "aws": {
        "name": "Bedrock",
        "aiType": "AWS",
        "endpoint": "https://bedrock-runtime.us-east-1.amazonaws.com",
        "key": "$AWS_ACCESS_KEY_ID",
        "secret": "$AWS_SECRET_ACCESS_KEY",
    },
    "other": {
        "name": "Own model",
        "aiType": "OTHER",
        "endpoint": "https://llm.example.com/v1",
        "secret": "$OWN_MODEL_TOKEN",
    },
}
"""One entry for each provider type, with the endpoint from the provider's documentation."""

WORKSPACE_VARIABLE = "$FLASHBACK_WORKSPACE_ID"

IGNORED = (".env", ".env.*", "!.env.example", "*.lock.journal", "*.lock.run")
"""Files that fbsync writes next to a manifest and that do not belong in git. The lockfile does."""

_HEAD = (
    SCHEMA_LINE,
    "AI LLM configurations of a Flashback workspace.",
    "",
    "    fbsync validate    check this file                   no network, no secrets",
    "    fbsync env         list the variables it needs       .env.example names them all",
    "    fbsync plan        preview the changes               compares with fbsync.lock, which you commit",
    "    fbsync apply       make the changes",
    "",
    "`secret` and `key` are references to environment variables, never the credentials themselves.",
    "With `verifyFirst: true`, the provider must accept a change of an entry before it replaces what is in use.",
    f"After an update of fbsync: fbsync schema > {SCHEMA_FILE}",
)
_IN_GIT = ("fbsync.lock, which you commit", "the known state, a ref of the remote")
"""The header's words about a state in files, and their replacement for a state in git."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The contents of a new manifest.

    Attributes:
        providers: the names of providers in ``PROVIDERS``.
        workspace_id: the workspace's literal id, or None for a variable.
        workspace: the workspace, if it was chosen from the server's list.
        environments: the names of environments to declare.
        state: where to keep the known state, or None for a lockfile next to the manifest.
    """

    providers: Sequence[str]
    workspace_id: str | None = None
    workspace: Workspace | None = None
    environments: Sequence[str] = ()
    state: str | None = None


def manifest(start: Start) -> str:
    """Return the text of a manifest to start with."""
    chosen = [PROVIDERS[name] for name in start.providers]
    named = () if start.workspace is None else ("", f"The workspace is {visible(start.workspace.name)}.")
    default = WORKSPACE_VARIABLE if start.workspace_id is None else escape(start.workspace_id)
    head = (*(line.replace(*_IN_GIT) if start.state else line for line in _HEAD), *named)
    text = new_manifest(chosen, head=head, workspace_id=default)
    if start.state is not None:
        line = f"state: {start.state}  # keep the known state there, not in a lockfile"
        text = text.replace("\nllms:", f"\n{line}\nllms:", 1)
    lead = "" if start.environments else "# "
    names = start.environments or ("staging",)
    return text + (
        "\n# An environment has the same entries. Its variables keep their names; their values come from\n"
        f"# .env.{names[0]}, or from the environment that the pipeline runs in. Where an entry differs, say so by its\n"
        f"# name: `llms: {{{chosen[0]['name']}: {{endpoint: …}}}}`; null leaves an entry out.\n"
        f"# Use it with -e: fbsync apply -e {names[0]}\n"
        f"{lead}environments:\n" + "".join(f"{lead}  {name}: {{}}\n" for name in names)
    )


def with_ignored(existing: str) -> str:
    """Add the missing lines that fbsync needs to the text of a ``.gitignore``. Existing lines stay byte for byte."""
    there = {line.strip() for line in existing.splitlines()}
    missing = [line for line in IGNORED if line not in there]
    if not missing:
        return existing
    end = "\r\n" if "\r\n" in existing else "\n"
    gap = "" if not existing or existing.endswith("\n") else end
    return existing + gap + "".join(line + end for line in missing)
