"""The instruments. Each is a module with a command line: ``python -m jaxnorm.experiments.compare --help``."""
