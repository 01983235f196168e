"""One call, from its sources to its table."""
