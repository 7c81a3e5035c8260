"""Carries a plan out: what may be sent when, what is tried again, and what came of it."""
