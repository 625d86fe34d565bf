"""Version control systems: trees cloned and updated, from mirrors where there are any."""
