"""Watching repositories: every new revision of a spec is tried once, whatever happens to the watcher."""
