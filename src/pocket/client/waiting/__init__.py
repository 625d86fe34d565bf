"""juju wait-for: the query language, what a query sees of a model, and the wait itself."""
