"""The version of fbsync: its only place."""

__version__ = "0.2.0"
