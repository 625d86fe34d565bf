"""What a manifest's lines do: one module a phase, and the registry that finds them by name."""
