"""Whole reports simulated, in which what is true is known: how often they say anything false, and how much they find."""
