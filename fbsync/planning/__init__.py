"""Decides what becomes of each entry: pure functions from declared, known and live to a plan."""
