"""Render plans, outcomes and findings: pure functions from records to text."""
