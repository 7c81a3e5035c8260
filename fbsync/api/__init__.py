"""The library: what ``import fbsync`` offers, made of the same parts as the commands."""
