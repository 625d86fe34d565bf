"""An attempt told to others: pure functions of its cases, which are read from the journal's events."""
