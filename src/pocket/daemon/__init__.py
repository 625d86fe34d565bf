"""The daemon: one process per home that serves the API and runs the agents.

It may be killed at any instant: what it has to remember is in the database, and machines go on without it.
`control` starts, finds and stops it; `serve` is what it does.
"""
