"""Records that everything else speaks in: what is declared, known and live, changes, outcomes, findings, errors."""
