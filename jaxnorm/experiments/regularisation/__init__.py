"""Norms at equal training loss."""
