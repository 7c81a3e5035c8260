"""What a new project begins with: a commented manifest, the lines for git, and a pipeline made of the recipes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.bundled import bundled
from fbsync.manifest.references import escape
from fbsync.render.paint import visible
from fbsync.strict_yaml.append import new_manifest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from fbsync.model.configurations import Workspace


class Ci(StrEnum):
    """The systems that a pipeline can be written for."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


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
"""An entry for each provider type, with the endpoint that its documentation names."""

WORKSPACE_VARIABLE = "$FLASHBACK_WORKSPACE_ID"

IGNORED = (".env", ".env.*", "!.env.example", "*.lock.journal", "*.lock.run")
"""What fbsync leaves beside a manifest and git must not have; the lockfile is not among it."""

SCHEMA_FILE = "fbsync.schema.json"
"""Beside the manifest, whose first line names it: editors find it there without a network."""

_HEAD = (
    f"yaml-language-server: $schema={SCHEMA_FILE}",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a new manifest is made of.

    Attributes:
        providers: which, as ``PROVIDERS`` names them.
        workspace_id: the workspace's id, as it stands, or None for a variable.
        workspace: the workspace as the server lists it, where it was chosen there.
        environments: the names of environments to declare.
    """

    providers: Sequence[str]
    workspace_id: str | None = None
    workspace: Workspace | None = None
    environments: Sequence[str] = ()


def manifest(start: Start) -> str:
    """The text of a manifest to start with."""
    chosen = [PROVIDERS[name] for name in start.providers]
    named = () if start.workspace is None else ("", f"The workspace is {visible(start.workspace.name)}.")
    default = WORKSPACE_VARIABLE if start.workspace_id is None else escape(start.workspace_id)
    text = new_manifest(chosen, head=(*_HEAD, *named), workspace_id=default)
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
    """A ``.gitignore`` with the lines that fbsync needs: what is there, byte for byte, and what is missing."""
    there = {line.strip() for line in existing.splitlines()}
    missing = [line for line in IGNORED if line not in there]
    if not missing:
        return existing
    end = "\r\n" if "\r\n" in existing else "\n"
    gap = "" if not existing or existing.endswith("\n") else end
    return existing + gap + "".join(line + end for line in missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A file of a pipeline.

    Attributes:
        path: where it goes, from the project's root.
    """

    path: str
    text: str


def pipelines(
    ci: Ci, variables: Sequence[str], environments: Sequence[str] = (), *, gitlab_ci: str | None
) -> tuple[Pipeline, ...]:
    """The files of a pipeline: the recipes, for these environments and the manifest's own variables.

    Args:
        ci: the system.
        variables: the names of the variables that an apply needs.
        environments: the manifest's environments.
        gitlab_ci: the text of the ``.gitlab-ci.yml`` that is there, beside which another file has to be put, or None.
    """
    match ci:
        case Ci.GITHUB:
            recipes = sorted(
                bundled(in_wheel="recipes/github", in_checkout="examples/github-actions/workflows").glob("*.yml")
            )
            return tuple(
                Pipeline(
                    path=f".github/workflows/{recipe.name}",
                    text=github_for(recipe.read_text(encoding="utf-8"), variables, environments),
                )
                for recipe in recipes
            )
        case Ci.GITLAB:
            text = gitlab_for(
                bundled(
                    in_wheel="recipes/gitlab/.gitlab-ci.yml", in_checkout="examples/gitlab-ci/.gitlab-ci.yml"
                ).read_text(encoding="utf-8")
            )
            path = ".gitlab-ci.yml" if gitlab_ci in (None, text) else "fbsync.gitlab-ci.yml"
            return (Pipeline(path=path, text=text),)
        case Ci.NONE:
            return ()


def github_for(recipe: str, variables: Sequence[str], environments: Sequence[str] = ()) -> str:
    """A workflow of the recipes for these environments, and with these variables as its secrets."""
    listed = ", ".join(('""', *environments))
    text = re.sub(
        r'environment: \["", staging\].*',
        f"""environment: [{listed}] # "" is the manifest's own list""",
        recipe,
    )
    lines, written = [], False
    for line in text.splitlines():
        found = re.fullmatch(r"( +)(?:OPENAI|ANTHROPIC)_API_KEY: \$\{\{ secrets\.\w+ \}\}", line)
        if found is None:
            lines.append(line)
        elif not written:
            written = True
            lines += [f"{found[1]}{name}: ${{{{ secrets.{name} }}}}" for name in variables]
    return "\n".join(lines) + "\n"


def gitlab_for(recipe: str) -> str:
    """The pipeline of the recipes without the jobs of the second environment."""
    parts = recipe.rstrip("\n").split("\n\n")
    return "\n\n".join(part for part in parts if not re.match(r"fbsync \w+ staging:", part)) + "\n"


def found_ci(root: Path) -> Ci:
    """The system whose traces are in a folder, or in git's remotes."""
    if (root / ".github").is_dir():
        return Ci.GITHUB
    if (root / ".gitlab-ci.yml").exists():
        return Ci.GITLAB
    try:
        remotes = (root / ".git" / "config").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return Ci.NONE
    hosts = re.findall(r"^\s*url\s*=\s*(?:\w+://)?(?:[^@/\s]*@)?([^:/\s]+)", remotes, re.MULTILINE)
    return next((ci for host in hosts for ci in (Ci.GITHUB, Ci.GITLAB) if ci.value in host.lower()), Ci.NONE)
