"""Deploying bundles: find and read one, look at the model, run the steps between them."""
