"""Make a manifest, variables and a known state from a server's configurations."""
