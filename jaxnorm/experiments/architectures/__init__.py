"""Norms in architectures, at tuned learning rates."""
