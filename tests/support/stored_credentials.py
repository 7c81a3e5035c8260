"""Whether a sandbox has a credential that it received, by the hash in its file."""

import sqlite3
from contextlib import closing

from fbsync.sandbox.hashing import is_hash_of


def stored_credential_is(path, llm_id, value, *, field="secret"):
    """Whether a configuration in a sandbox's ``--db`` file has this credential. The sandbox may be running."""
    column = {"secret": "secret_hash", "key": "key_hash"}[field]
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        found = connection.execute(f"SELECT {column} FROM llm WHERE id = ?", (llm_id,)).fetchone()
    return found is not None and found[0] is not None and is_hash_of(found[0], value)
