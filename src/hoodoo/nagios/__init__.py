"""NRPE checks: the script that runs them on a unit, and what their results mean."""
