"""Check a value against a JSON Schema, and explain violations in the user's words."""
