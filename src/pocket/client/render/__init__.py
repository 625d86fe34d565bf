"""Pure functions from what a controller answers to what a person or a program reads."""
