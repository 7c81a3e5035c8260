"""Check everything that a run depends on, and say what to do."""
