"""A merged bundle as a wanted model: every value checked and typed, every charm found."""
