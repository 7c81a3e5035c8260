"""Shared state: where the known state is kept when many machines share it, and who may write to it."""
