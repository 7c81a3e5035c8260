"""The records that all packages share: declared, known and live configurations, changes, outcomes, findings, errors."""
