"""Collect files and sources: what a spec needs, brought into the build directory and the charm repository."""
