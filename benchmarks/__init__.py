"""Measurements and long proofs, run by hand: `python -m benchmarks.NAME`."""
