"""Specs as files: manifest grammar, expansion, stage lookup, spec sources, project and workspace layout."""
