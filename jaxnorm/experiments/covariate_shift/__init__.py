"""Internal covariate shift and saturation."""
