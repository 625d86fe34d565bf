"""Agents: one asyncio task a unit and one a machine, inside the daemon.

`resolver` decides (a pure function from what the unit did and what the model says to the next operation),
`unit` does it, `tools` answers the hook tools, `supervisor` keeps the tasks running.
"""
