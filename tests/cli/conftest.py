"""fbsync as a user runs it, for every test of this folder."""

from cli_world import cli, on_server, project, sandbox, scrypt, server, workspace

__all__ = ["cli", "on_server", "project", "sandbox", "scrypt", "server", "workspace"]
