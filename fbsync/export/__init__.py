"""A manifest, variables and a known state made of what a server holds."""
