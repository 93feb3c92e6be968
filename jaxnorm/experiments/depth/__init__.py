"""Norms and residual connections in deep networks."""
