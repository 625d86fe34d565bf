"""All that can be said of a spec before it runs: its problems, its stages, what it would change."""
