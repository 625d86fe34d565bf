"""The wanted model against the seen one: what to do, in which order, and what has drifted. Pure."""
