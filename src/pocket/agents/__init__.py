"""Agents: one asyncio task a unit and one a machine or pod, inside the daemon.

`resolver` decides (a pure function from what the unit did and what the model says to one of `operations`),
`unit` does it, `tools` answers the hook tools, `supervisor` keeps the tasks running.
"""
