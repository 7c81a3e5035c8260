"""The sandbox: a local server that follows the API contract in ``flashback-api.md``, for rehearsals and tests.

Start it with ``fbsync.sandbox.process.running``. The extra ``sandbox`` installs what it needs.
"""
