"""Find the mappings of a manifest that have fields: the file, its entries, its environments and their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fbsync.redact import is_wordlike

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fbsync.strict_yaml.loader import Path


def holders(root: object) -> Iterator[tuple[Path, Mapping[Any, Any]]]:
    """Yield every mapping of a manifest that may have fields, with its path. Skip values of another shape."""
    if not isinstance(root, dict):
        return
    yield (), root
    entries = root.get("llms")
    for at, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict):
            yield ("llms", at), entry
    for name, environment in _mappings(root.get("environments")):
        yield ("environments", name), environment
        for entry_name, patch in _mappings(environment.get("llms")):
            yield ("environments", name, "llms", entry_name), patch


def _mappings(holder: object) -> Iterator[tuple[Any, Mapping[Any, Any]]]:
    for key, value in holder.items() if isinstance(holder, dict) else ():
        if isinstance(value, dict):
            yield key, value


def entry_name(value: Any, path: Path) -> str | None:  # noqa: ANN401 - YAML
    """Return the name of the entry that contains a path, or None if there is no entry or its name must not be shown."""
    match path:
        case ("llms", int(at), *_):
            entry = value["llms"][at]
            name = entry.get("name") if isinstance(entry, dict) else None
            return name if isinstance(name, str) else None
        case ("environments", _, "llms", str(name), *_):
            return name if is_wordlike(name) else None
        case _:
            return None
