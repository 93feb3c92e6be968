"""Learning rates and initial scales."""
