"""Post bodies with httpx (or httpx2) and record nothing: the cost of any client of that library."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fbsync.client.library import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator


async def post(url: str, bodies: list[dict[str, Any]], parallelism: int) -> int:
    """Post all bodies; return how many ids came back."""
    ids: list[str] = []
    limits = httpx.Limits(max_connections=parallelism, max_keepalive_connections=parallelism)
    headers = {"Authorization": f"Bearer {os.environ['FLASHBACK_TOKEN']}"}
    async with httpx.AsyncClient(base_url=url, limits=limits, headers=headers) as client:

        async def work(queue: Iterator[dict[str, Any]]) -> None:
            for body in queue:
                answer = await client.post("/ai/llm", json=body)
                answer.raise_for_status()
                ids.append(answer.json()["aiLlmId"])

        queue = iter(bodies)
        await asyncio.gather(*(work(queue) for _ in range(parallelism)))
    return len(set(ids))


if __name__ == "__main__":
    [file, parallelism] = sys.argv[1:]
    bodies = json.loads(Path(file).read_text(encoding="utf-8"))
    sys.stdout.write(f"{asyncio.run(post(os.environ['FLASHBACK_API_URL'], bodies, int(parallelism)))} created\n")
