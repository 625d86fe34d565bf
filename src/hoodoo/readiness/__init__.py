"""Why a model is not ready, in words; waiting until it is; what a failed hook left in the log."""
