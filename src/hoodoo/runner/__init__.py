"""A run: resolve everything, check it all, then step through the phases."""
