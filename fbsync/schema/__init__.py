"""Checks of a value against a JSON Schema, explained in the user's words."""
