"""Check everything that a run depends on, and say how to fix problems."""
