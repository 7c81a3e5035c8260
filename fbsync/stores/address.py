"""Addresses of stores: the values of ``state:``, ``--state`` and ``FBSYNC_STATE``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from fbsync.model.errors import ExitCode, FbsyncError

FORMS = "file:FOLDER, git, git:REF, git+URL, s3://BUCKET/PREFIX, az://ACCOUNT/CONTAINER/PREFIX or gs://BUCKET/PREFIX"
DEFAULT_REF = "refs/fbsync/state"
DEFAULT_ENVIRONMENT = "default"
"""The key for runs without an environment. No environment in a store may have this name."""

_URL = re.compile(r"(?:https?|ssh)://(?:[^/@\s]*@)?[A-Za-z0-9\[][^/@\s]*(?:/[!-~]*)?|file:///[!-~]+|/[!-~]+")
_SCP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[!-~]+")
"""Excludes transports that run a command (``ext::``), and values that git or ssh could read as options."""
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,221}")
_SEGMENT = re.compile(r"[A-Za-z0-9_+=@-][A-Za-z0-9._+=@-]*")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Provider(StrEnum):
    """The provider of an object store. Its value is the address's scheme."""

    S3 = "s3"
    AZURE = "az"
    GOOGLE = "gs"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileAddress:
    """Files in a folder, or next to the manifest if there is no folder."""

    folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAddress:
    """Refs of a git remote.

    Attributes:
        url: the remote, or None for the remote of the checkout.
        ref: the prefix of the refs. The environment's name follows it.
    """

    url: str | None = None
    ref: str = DEFAULT_REF


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectAddress:
    """Objects in a bucket.

    Attributes:
        provider: the provider whose protocol the store speaks.
        bucket: the bucket (for Azure, the container).
        account: the storage account (Azure only).
        prefix: the prefix of the objects' keys, without slashes at its ends. It may be empty.
    """

    provider: Provider
    bucket: str
    account: str | None = None
    prefix: str = ""


Address: TypeAlias = FileAddress | GitAddress | ObjectAddress


def parse_address(text: str) -> Address:
    """Parse the address of a store.

    Raises:
        FbsyncError: it is not an address, or it contains a credential (exit 3). The message never repeats the address.
    """
    scheme, colon, rest = text.partition(":")
    if text.startswith("git+"):
        return _git_url(text.removeprefix("git+"))
    match scheme:
        case "file" if rest or not colon:
            return FileAddress(folder=rest or None)
        case "git" if rest or not colon:
            return GitAddress(ref=_ref(rest) if colon else DEFAULT_REF)
        case "s3" | "az" | "gs" if rest.startswith("//"):
            return _object_address(Provider(scheme), rest.removeprefix("//"))
        case _:
            raise _refused("the state's address is not valid", f"write {FORMS}")


def environment_key(environment: str | None) -> str:
    """Return the last part of an object's key or of a ref: the environment's name, or "default" without one.

    Raises:
        FbsyncError: the name cannot be used in a git ref or in an object's key (exit 3).
    """
    if environment is None:
        return DEFAULT_ENVIRONMENT
    if environment == DEFAULT_ENVIRONMENT:
        raise _refused(
            f'an environment named "{DEFAULT_ENVIRONMENT}" cannot keep its state in a store',
            "rename the environment: runs without -e use this name",
        )
    ends_badly = environment.endswith((".", ".lock")) or ".." in environment
    if _ENVIRONMENT.fullmatch(environment) is None or ends_badly:
        raise _refused(
            "the environment's name cannot be used in a store",
            "use letters, digits, dots, underscores and dashes, but not two dots in a row, nor a dot or .lock last",
        )
    return environment


def _refused(message: str, hint: str) -> FbsyncError:
    return FbsyncError(message, hint=hint, exit_code=ExitCode.INVALID_INPUT)


def _credential_inside() -> FbsyncError:
    return _refused(
        "the state's address contains a user name, a password or a token",
        "remove it: credentials come from the provider's own variables and files, or from git's configuration",
    )


def _git_url(text: str) -> GitAddress:
    url, marked, ref = text.partition("#")
    if not (_URL.fullmatch(url) or _SCP.fullmatch(url)):
        raise _refused(
            "git cannot use the URL in the state's address",
            "write git+https://…, git+ssh://…, git+USER@HOST:PATH, or git+ and an absolute path",
        )
    authority = url.partition("://")[2].partition("/")[0]
    user, has_user, _ = authority.rpartition("@")
    if has_user and (":" in user or not url.startswith("ssh://")):
        raise _credential_inside()
    return GitAddress(url=url, ref=_ref(ref) if marked else DEFAULT_REF)


def _ref(text: str) -> str:
    """Return a ref's full name after a check that `git check-ref-format` accepts it with another segment after it."""
    segments = text.split("/")
    if segments[0] != "refs" or len(segments) < 3 or not all(map(_is_segment, segments)):  # noqa: PLR2004 - refs/KIND/NAME
        raise _refused(
            "the ref in the state's address is not a full ref",
            f"write refs/KIND/NAME, such as {DEFAULT_REF} or refs/heads/fbsync-state",
        )
    return text


def _object_address(provider: Provider, text: str) -> ObjectAddress:
    if "@" in text.partition("/")[0] or "?" in text:
        raise _credential_inside()
    parts = text.rstrip("/").split("/")
    account = parts.pop(0) if provider is Provider.AZURE else None
    bucket, prefix = (parts[0], parts[1:]) if parts else ("", [])
    named = [bucket] if account is None else [account, bucket]
    if not all(_BUCKET.fullmatch(name) for name in named) or not all(map(_is_segment, prefix)):
        form = "az://ACCOUNT/CONTAINER/PREFIX" if account is not None else f"{provider}://BUCKET/PREFIX"
        raise _refused(
            "the state's address has no valid bucket and prefix",
            f"write {form}, with letters, digits, dots, underscores and dashes",
        )
    return ObjectAddress(provider=provider, bucket=bucket, account=account, prefix="/".join(prefix))


def _is_segment(text: str) -> bool:
    return _SEGMENT.fullmatch(text) is not None and ".." not in text and not text.endswith((".", ".lock"))
