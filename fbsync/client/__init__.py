"""The client: the API over HTTP. Only this package uses httpx."""

from fbsync.client.calls import Client
from fbsync.client.requests import Exchange

__all__ = ["Client", "Exchange"]
