"""What happens in the workload containers of a unit, as its Pebbles tell."""
