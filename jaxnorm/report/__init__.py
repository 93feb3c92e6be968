"""From a summary to what people see: the only place that makes words."""
