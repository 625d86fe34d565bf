"""Many environments from one host: connected to, seen at once, and who did what in which."""
