"""Another user of the sandbox, who creates what fbsync is about to create."""

import plain_http

from fbsync.sandbox.builtin import WRITER


def create(sandbox, fields, *, user=WRITER):
    """Create a configuration as a user; return the answer's status."""
    login = {"email": user.email, "password": user.password}
    token = plain_http.post(f"{sandbox.url}/user/login", json=login).json()["accessToken"]
    body = {"secret": "made-up-by-the-rival", **fields}
    answer = plain_http.post(f"{sandbox.url}/ai/llm", json=body, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code
