"""Measurements and long test runs, started by hand: `python -m benchmarks.NAME`."""
