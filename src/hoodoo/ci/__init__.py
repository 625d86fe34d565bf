"""A revision of a spec becomes a model, a verdict and a report; and nothing of the model is left."""
