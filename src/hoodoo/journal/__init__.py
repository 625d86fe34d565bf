"""Every run, phase, event and line, in SQLite; all who show them read one event stream."""
