"""The programs that fbsync is compared with."""
