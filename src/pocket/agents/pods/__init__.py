"""Agents of pods: they run, replace and remove them."""
