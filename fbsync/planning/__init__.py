"""Decide what happens to each entry: pure functions from declared, known and live configurations to a plan."""
