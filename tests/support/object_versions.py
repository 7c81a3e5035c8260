"""Every version of every object in the tests' object stores."""

import re
import urllib.request
from urllib.parse import quote

from benchmarks.object_servers import BUCKET

_HEADERS = {
    "Content-Type": "application/xml",
    "Authorization": "AWS4-HMAC-SHA256 Credential=an-id/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=00",
}
"""moto requires a signature but does not check it."""
_VERSIONED = (
    b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Status>Enabled</Status></VersioningConfiguration>"
)
_VERSION = re.compile(rb"<Version>.*?<Key>([^<]+)</Key>.*?<VersionId>([^<]+)</VersionId>.*?</Version>", re.DOTALL)
"""This leaves out the markers of deleted objects."""


def keep_versions(url):
    """Make the bucket keep what is overwritten and deleted."""
    _request(f"{url}/{BUCKET}?versioning", "PUT", _VERSIONED)


def every_version(url):
    """Return everything that was written to the bucket since then: names and contents."""
    for key, version in _VERSION.findall(_request(f"{url}/{BUCKET}?versions")):
        yield key
        yield _request(f"{url}/{BUCKET}/{quote(key.decode())}?versionId={version.decode()}")


def _request(url, method="GET", data=None):
    with urllib.request.urlopen(urllib.request.Request(url, method=method, data=data, headers=_HEADERS)) as answer:
        return answer.read()
