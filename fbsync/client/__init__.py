"""The client: the API over HTTP. The only place that knows httpx."""

from fbsync.client.calls import Client
from fbsync.client.requests import Exchange

__all__ = ["Client", "Exchange"]
