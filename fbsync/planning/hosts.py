"""Compare and show the hosts of endpoints, which receive the credentials."""

from __future__ import annotations

from urllib.parse import urlsplit

from fbsync.model.spelling import ascii_host, canonical_url


def host_of(url: str) -> str:
    """Return a URL's host and port, the same for all spellings. Text that is not a URL is returned unchanged."""
    try:
        return urlsplit(canonical_url(url)).netloc.rpartition("@")[2] or url
    except ValueError:
        return url


def shown_host(url: str) -> str:
    """Return a URL's host and port for people, in a form that shows hosts that only look alike.

    The host is shown as written. If it is not ASCII, the form that goes over the network follows in parentheses.
    """
    try:
        parts = urlsplit(url)
        written, port = parts.hostname or url, parts.port
    except ValueError:
        return url
    shown = written if written.isascii() else f"{written} ({ascii_host(written)})"
    return shown if port is None else f"{shown}:{port}"


def host_words(url: str) -> str:
    """Return ``shown_host``. For an empty URL, return words: the stored key has its own endpoint."""
    return shown_host(url) if url else "the stored key's own endpoint"


def is_ascii_host(url: str) -> bool:
    """Whether a URL's host is written in ASCII."""
    try:
        return (urlsplit(url).hostname or "").isascii()
    except ValueError:
        return True


def scheme_of(url: str) -> str:
    """Return a URL's scheme in lower case, or an empty string if the text is not a URL."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""
