"""The library that ``import fbsync`` offers, built from the same parts as the commands."""
