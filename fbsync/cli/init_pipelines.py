"""Make the pipeline of a new project: the recipes, with the project's environments and variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from fbsync.bundled import bundled

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_KEPT = (
    "persist-credentials: false",
    "persist-credentials: true # zizmor: ignore[artipacked] git reads the known state with them",
)


class Ci(StrEnum):
    """The CI systems that have a recipe."""

    GITHUB = "github"
    GITLAB = "gitlab"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A file of a pipeline.

    Attributes:
        path: its path relative to the project's root.
    """

    path: str
    text: str


def pipelines(
    ci: Ci, variables: Sequence[str], environments: Sequence[str] = (), *, state: str | None, gitlab_ci: str | None
) -> tuple[Pipeline, ...]:
    """Make the files of a pipeline from the recipes.

    Args:
        ci: the CI system.
        variables: the names of the variables that an apply needs.
        environments: the manifest's environments.
        state: the manifest's ``state``, or None for a lockfile next to the manifest.
        gitlab_ci: the text of the existing ``.gitlab-ci.yml``, or None. If it differs from the pipeline, the pipeline
            goes into a file of its own.
    """
    match ci:
        case Ci.GITHUB:
            return tuple(
                Pipeline(path=f".github/workflows/{name}", text=github_for(text, variables, environments))
                for name, text in sorted(_github_recipes(is_shared=state is not None).items())
            )
        case Ci.GITLAB:
            text = gitlab_for(_gitlab_recipe(is_shared=state is not None).read_text(encoding="utf-8"))
            path = ".gitlab-ci.yml" if gitlab_ci in (None, text) else "fbsync.gitlab-ci.yml"
            return (Pipeline(path=path, text=text),)
        case Ci.NONE:
            return ()


def _github_recipes(*, is_shared: bool) -> dict[str, str]:
    """The workflows by file name. If the known state is in git, jobs keep the credentials that git needs to read it."""
    folder = bundled(in_wheel="recipes/github", in_checkout="examples/github-actions/workflows")
    recipes = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yml")}
    if is_shared:
        recipes = {name: text.replace(*_KEPT) for name, text in recipes.items()}
        folder = bundled(in_wheel="recipes/github-shared", in_checkout="examples/shared-state/github-actions")
        recipes |= {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.yml")}
    return recipes


def _gitlab_recipe(*, is_shared: bool) -> Path:
    if is_shared:
        return bundled(
            in_wheel="recipes/gitlab-shared/.gitlab-ci.yml",
            in_checkout="examples/shared-state/gitlab-ci/.gitlab-ci.yml",
        )
    return bundled(in_wheel="recipes/gitlab/.gitlab-ci.yml", in_checkout="examples/gitlab-ci/.gitlab-ci.yml")


def github_for(recipe: str, variables: Sequence[str], environments: Sequence[str] = ()) -> str:
    """Adapt a workflow of the recipes: use these environments, and these variables as its secrets."""
    listed = ", ".join(('""', *environments))
    text = re.sub(
        r'environment: \["", staging\].*',
        f"""environment: [{listed}] # "" means no environment""",
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
    """Return the recipes' pipeline without the jobs of the second environment."""
    parts = recipe.rstrip("\n").split("\n\n")
    return "\n\n".join(part for part in parts if not re.match(r"fbsync \w+ staging:", part)) + "\n"


def found_ci(root: Path) -> Ci:
    """Find the CI system by the files in a folder, or else by git's remotes."""
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
