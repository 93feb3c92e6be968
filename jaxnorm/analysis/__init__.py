"""From tidy tables to verdicts. No jax here: everything can be redone from saved files.

A run's table goes in at ``summarise.summarise`` and comes out as a ``summary.Summary``.
"""
