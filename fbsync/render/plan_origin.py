"""The origin of a plan: its environment, its server if not the default, and the files that were read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fbsync.render.paint import visible
from fbsync.settings import DEFAULT_API_URL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fbsync.render.document import Json

_MOST_FILES = 4


def other_server(document: Json) -> str | None:
    """Return the server if it is not the default one, so that nobody overlooks where credentials go."""
    return None if document["api_url"] == DEFAULT_API_URL else visible(document["api_url"])


def environment_of(document: Json) -> str | None:
    """Return the environment's name, or None for no environment."""
    return None if document["environment"] is None else visible(document["environment"])


def environment_title(environment: str | None) -> str:
    """Return the title of an environment among several. It is safe to show."""
    return "no environment (without -e)" if environment is None else visible(environment)


def environment_suffix(environment: str | None, quoted: Callable[[str], str] = str, *, of_several: bool = False) -> str:
    """Return the suffix of a title for an environment. For no environment, it is empty unless there are several."""
    if environment is None:
        return f" for {quoted(environment_title(None))}" if of_several else ""
    return f" for {quoted(visible(environment))}"


def origin_suffix(document: Json, quoted: Callable[[str], str] = str, *, of_several: bool = False) -> str:
    """Return the suffix of a title with environment and server. It is empty for the default ones.

    Args:
        document: the plan's document.
        quoted: quotes a name.
        of_several: whether the title is one of several environments' titles.
    """
    server = other_server(document)
    about = environment_suffix(document["environment"], quoted, of_several=of_several)
    return about if server is None else f"{about} on {quoted(server)}"


def comparison(document: Json) -> str:
    """Return the sentences that say what was compared and where variables came from."""
    files = files_sentence(document["variable_files"])
    return visible(document["comparison"]) + (f" {files}" if files else "")


def files_sentence(files: Sequence[str]) -> str:
    """Return the sentence about the files that variables were read from. It is empty if there were none."""
    if not files:
        return ""
    rest = len(files) - _MOST_FILES
    more = f" and {rest} more" if rest > 0 else ""
    return f"Variables were read from {', '.join(map(visible, files[:_MOST_FILES]))}{more}."
