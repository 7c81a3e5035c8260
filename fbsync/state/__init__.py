"""The known state in files: lockfile, journal, run lock, and the fingerprints in them."""
