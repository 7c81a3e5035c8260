"""Hosts of endpoints, where credentials go: compare and show them."""

from __future__ import annotations

from urllib.parse import urlsplit

from fbsync.model.spelling import ascii_host, canonical_url


def host_of(url: str) -> str:
    """A URL's host and port, the same for all spellings; the text itself where it is no URL."""
    try:
        return urlsplit(canonical_url(url)).netloc.rpartition("@")[2] or url
    except ValueError:
        return url


def shown_host(url: str) -> str:
    """A URL's host and port for people, since two hosts may look alike.

    It is as it is written; with the form that goes over the network where it is not ASCII.
    """
    try:
        parts = urlsplit(url)
        written, port = parts.hostname or url, parts.port
    except ValueError:
        return url
    shown = written if written.isascii() else f"{written} ({ascii_host(written)})"
    return shown if port is None else f"{shown}:{port}"


def host_words(url: str) -> str:
    """As ``shown_host``, or words without a URL, since a stored key brings its own endpoint."""
    return shown_host(url) if url else "the stored key's own endpoint"


def is_ascii_host(url: str) -> bool:
    """Whether a URL's host is written in ASCII."""
    try:
        return (urlsplit(url).hostname or "").isascii()
    except ValueError:
        return True


def scheme_of(url: str) -> str:
    """A URL's scheme in lower case; an empty text where it is no URL."""
    try:
        return urlsplit(url).scheme.lower()
    except ValueError:
        return ""
