"""The library is tested in the world of the command line."""

from cli_world import cli, on_server, project, sandbox, server, workspace

__all__ = ["cli", "on_server", "project", "sandbox", "server", "workspace"]
