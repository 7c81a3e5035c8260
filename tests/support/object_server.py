"""An object store of the tests' own (moto), which keeps every version of every object."""

import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from urllib.parse import quote

import pytest

BUCKET = "versioned"
VARIABLES = {
    "AWS_ALLOW_HTTP": "true",
    "AWS_ACCESS_KEY_ID": "an-id",
    "AWS_SECRET_ACCESS_KEY": "a-secret",
    "AWS_REGION": "us-east-1",
}
"""What signs in to it, and where it is: with ``AWS_ENDPOINT_URL``."""
_VERSIONED = (
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Status>Enabled</Status></VersioningConfiguration>"
)
_HEADERS = {
    "Content-Type": "application/xml",
    "Authorization": "AWS4-HMAC-SHA256 Credential=an-id/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=00",
}
"""The server asks for a signature, and does not check it."""
_VERSION = re.compile(rb"<Version>.*?<Key>([^<]+)</Key>.*?<VersionId>([^<]+)</VersionId>.*?</Version>", re.DOTALL)
"""Without the marks that stand where an object was deleted."""


@contextmanager
def versioned_bucket():
    """Gives the URL of a server with a bucket."""
    pytest.importorskip("moto.server", reason="the package moto[server] is not installed")
    pytest.importorskip("obstore", reason="the package obstore is not installed")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(url)
        _request(f"{url}/{BUCKET}", "PUT")
        _request(f"{url}/{BUCKET}?versioning", "PUT", _VERSIONED)
        yield url
    finally:
        process.kill()
        process.wait()


def every_version(url):
    """All that was ever written to the bucket: names and contents."""
    listed = _VERSION.findall(_request(f"{url}/{BUCKET}?versions"))
    for key, version in listed:
        yield key
        yield _request(f"{url}/{BUCKET}/{quote(key.decode())}?versionId={version.decode()}")


def _wait_for(url):
    for _ in range(600):
        try:
            _request(url)
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.skip("moto does not start here")


def _request(url, method="GET", data=None):
    with urllib.request.urlopen(urllib.request.Request(url, method=method, data=data, headers=_HEADERS)) as answer:
        return answer.read()
