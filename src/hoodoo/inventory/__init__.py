"""Which environments there are: read from YAML in version control, written back, indexed and found."""
