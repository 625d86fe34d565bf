"""A project's container: a root filesystem in which builds run, apart from the machine and its network."""
