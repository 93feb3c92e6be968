"""Norms on sequences with padding."""
