"""The sandbox: a local server that keeps the API contract of ``flashback-api.md``, for rehearsals and tests.

Reach it through ``fbsync.sandbox.process.running``; the extra ``sandbox`` brings what it needs.
"""
