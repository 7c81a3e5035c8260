"""Objects in buckets, through obstore: S3 and stores with its protocol, Azure Blob Storage, Google Cloud Storage.

Credentials come from the provider's own variables and files. Writes are conditional: ``If-None-Match: *``, ``If-Match``
with the ETag, or (Google) ``x-goog-if-generation-match``.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from fbsync.model.errors import ExitCode, FbsyncError
from fbsync.stores.address import Provider
from fbsync.stores.holder import shown
from fbsync.stores.protocol import Conflict, Denied, Snapshot, Unavailable, UnknownOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from obstore import UpdateVersion
    from obstore.store import ObjectStore

    from fbsync.stores.address import ObjectAddress

_CLIENT = {"timeout": timedelta(seconds=30), "connect_timeout": timedelta(seconds=10)}
_RETRY = {"max_retries": 1, "retry_timeout": timedelta(seconds=20)}
"""Few retries here: ``fbsync.stores.swap`` retries writes, because it can recognise its own write."""

_QUERY = re.compile(r"(?<!<)\?[^\s\"')]+")
_XML = re.compile(r"<Code>([^<]+)</Code>(?:.*?<Message>([^<\n]+))?", re.DOTALL)
_STATUS = re.compile(r"non-2xx status code: (\d{3} [A-Za-z ]+)")
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_PREFIXES = {Provider.S3: "AWS", Provider.AZURE: "AZURE", Provider.GOOGLE: "GOOGLE"}
_SETTINGS = {
    Provider.S3: "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE",
    Provider.AZURE: "AZURE_STORAGE_ACCOUNT_KEY, or AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_FEDERATED_TOKEN_FILE",
    Provider.GOOGLE: "GOOGLE_APPLICATION_CREDENTIALS",
}


class ObjectStoreObject:
    """One object in a bucket.

    Args:
        bucket: the bucket from ``open_bucket``.
        address: the bucket's address.
        key: the object's name, without the address's prefix and without ``.json``.
    """

    def __init__(self, bucket: ObjectStore, address: ObjectAddress, key: str) -> None:
        self._bucket = bucket
        self._provider = address.provider
        self._path = "/".join(filter(None, (address.prefix, f"{key}.json")))
        place = "/".join(filter(None, (address.account, address.bucket)))
        self._name = f"{address.provider}://{place}/{self._path}"

    @property
    def name(self) -> str:
        """The object's address."""
        return self._name

    def read(self) -> Snapshot | None:
        """Read the object: see ``fbsync.stores.protocol``."""
        from obstore.exceptions import BaseError

        try:
            found = self._bucket.get(self._path)
            return Snapshot(data=bytes(found.bytes()), tag=self._tag(found.meta))
        except FileNotFoundError as error:
            if _NO_BUCKET.search(str(error)):
                raise self._no_bucket(error) from error
            return None
        except (BaseError, OSError, ValueError) as error:
            raise self._denied(error) or self._unavailable(error) from error

    def write(self, data: bytes, tag: str | None) -> str:
        """Write the object if it is still the one that was read: see ``fbsync.stores.protocol``."""
        from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

        mode: UpdateVersion | Literal["create"] = "create"
        if tag is not None:
            mode = {"version": tag} if self._provider is Provider.GOOGLE else {"e_tag": tag}
        try:
            done = self._bucket.put(self._path, data, mode=mode, use_multipart=False)
        except (AlreadyExistsError, PreconditionError) as error:
            raise Conflict(self._name) from error
        except FileNotFoundError as error:
            if tag is None or _NO_BUCKET.search(str(error)):
                raise self._no_bucket(error) from error
            raise Conflict(self._name) from error
        except (BaseError, OSError, ValueError) as error:
            raise self._denied(error) or UnknownOutcome(self._name, _words(error)) from error
        return self._tag(done)

    def remove(self) -> None:
        """Remove the object: see ``fbsync.stores.protocol``."""
        from obstore.exceptions import BaseError

        try:
            self._bucket.delete(self._path)
        except FileNotFoundError:
            pass
        except (BaseError, OSError, ValueError) as error:
            raise self._denied(error) or self._unavailable(error) from error

    def _tag(self, said: Mapping[str, Any]) -> str:
        tag = said.get("version" if self._provider is Provider.GOOGLE else "e_tag")
        if not isinstance(tag, str) or not tag:
            raise Denied(
                self._name,
                "it does not return the object's version",
                hint="use a store that sends an ETag with each response",
            )
        return tag

    def _denied(self, error: Exception) -> Denied | None:
        from obstore.exceptions import NotSupportedError, PermissionDeniedError, UnauthenticatedError

        if isinstance(error, NotSupportedError):
            return Denied(self._name, _words(error), hint="use a store that supports conditional writes")
        if isinstance(error, PermissionDeniedError | UnauthenticatedError):
            hint = f"check the credentials ({_SETTINGS[self._provider]}) and that they may read and write this object"
            return Denied(self._name, _words(error), hint=hint)
        return None

    def _unavailable(self, error: Exception) -> Unavailable:
        hint = f"check the address, the network and the credentials ({_SETTINGS[self._provider]})"
        return Unavailable(self._name, _words(error), hint=hint)

    def _no_bucket(self, error: Exception) -> Unavailable:
        return Unavailable(self._name, _words(error), hint="create the bucket, or name another one")


def open_bucket(address: ObjectAddress, environ: Mapping[str, str]) -> ObjectStore:
    """Open a bucket. Nothing is sent yet.

    Args:
        address: the bucket's address.
        environ: the process's environment. It decides whether a provider's own library must find the credentials.

    Raises:
        FbsyncError: obstore is not installed (exit 1), or a variable of the provider has an invalid value (exit 3).
    """
    try:
        from obstore.exceptions import BaseError
    except ImportError as error:
        raise FbsyncError(
            f"a state in {address.provider}:// needs the package obstore",
            hint="install fbsync with it: pip install 'fbsync[cloud]'",
        ) from error
    try:
        return _open(address, environ)
    except (BaseError, OSError, ValueError) as error:
        raise FbsyncError(
            f"the bucket {address.bucket} cannot be opened: {_words(error)}",
            hint=f"check {_SETTINGS[address.provider]}",
            exit_code=ExitCode.INVALID_INPUT,
        ) from error


def _open(address: ObjectAddress, environ: Mapping[str, str]) -> ObjectStore:
    from obstore import store

    in_clear = environ.get(f"{_PREFIXES[address.provider]}_ALLOW_HTTP", "").lower() in {"1", "true"}
    shared: dict[str, Any] = {"client_options": {**_CLIENT, "allow_http": in_clear}, "retry_config": _RETRY}
    match address.provider:
        case Provider.S3:
            if (provider := _aws_provider(environ)) is not None:
                shared["credential_provider"] = provider
            return store.S3Store(address.bucket, conditional_put="etag", **shared)
        case Provider.AZURE:
            return store.AzureStore(address.bucket, account_name=address.account, **shared)
        case Provider.GOOGLE:
            if (provider := _google_provider(environ)) is not None:
                shared["credential_provider"] = provider
            return store.GCSStore(address.bucket, **shared)


def _aws_provider(environ: Mapping[str, str]) -> object | None:
    """Return boto3's credentials if a profile is named, no access key is set, and boto3 is installed."""
    if environ.get("AWS_PROFILE") and not environ.get("AWS_ACCESS_KEY_ID"):
        try:
            from obstore.auth.boto3 import Boto3CredentialProvider
        except ImportError:
            return None
        return Boto3CredentialProvider()
    return None


def _google_provider(environ: Mapping[str, str]) -> object | None:
    """Return google-auth's credentials if a file is named and the library is installed.

    The library also reads the files of workload identity (OIDC).
    """
    if not environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return None
    try:
        from obstore.auth.google import GoogleCredentialProvider
    except ImportError:
        return None
    return GoogleCredentialProvider()


def _words(error: Exception) -> str:
    """Return an error's text on one line, without the query strings of URLs, which may contain signatures."""
    text = str(error).partition("Debug source:")[0]
    said = _XML.search(text)
    if said is not None:
        status = _STATUS.search(text)
        text = ": ".join(filter(None, (status and status[1], said[1], said[2])))
    return shown(" ".join(_QUERY.sub("?…", text).split()).rstrip("."))
