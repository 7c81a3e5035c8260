"""Apply a plan: decide what may be sent when, retry what is safe, and collect the outcomes."""
