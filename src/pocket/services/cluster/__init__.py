"""Models on Kubernetes: their pods, how many, what leads to them, and their Kubernetes API."""
