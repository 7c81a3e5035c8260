"""Keep the known state where many machines share it, and control who writes it."""
