"""Networks trained per second."""
