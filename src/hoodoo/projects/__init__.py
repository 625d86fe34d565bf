"""Projects and workspaces on disk, and the secrets that an operator keeps beside them."""
