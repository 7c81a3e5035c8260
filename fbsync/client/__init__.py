"""The client: the API over HTTP. The only place that knows httpx."""

from fbsync.client.calls import Client, Exchange

__all__ = ["Client", "Exchange"]
