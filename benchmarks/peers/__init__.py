"""The programs that fbsync is measured beside."""
