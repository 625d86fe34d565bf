"""Deployer bundles: rendered, merged, resolved into a wanted model; and the plan from what is seen to it."""
