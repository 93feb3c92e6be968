"""The figures of ``jaxnorm.experiments.covariate_shift``."""
DRAWINGS = {}
