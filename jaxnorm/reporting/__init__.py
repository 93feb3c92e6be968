"""From a summary to tables, figures and a report. Everything is read from the ``Summary``; nothing is computed again."""
