"""Make a manifest, variables and a known state from what is on a server."""
