"""httpx for local servers without TLS, since reading all certificate authorities would take most of the time."""

import ssl
from functools import partial

import httpx

_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Client = partial(httpx.Client, verify=_TRUSTS_NOBODY)
request = partial(httpx.request, verify=_TRUSTS_NOBODY)
get, post, put, delete = (partial(request, method) for method in ("GET", "POST", "PUT", "DELETE"))
