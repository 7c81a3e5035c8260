"""Looks at all that a run depends on, and says what to do."""
