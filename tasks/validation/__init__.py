"""Properties of a potential, one a file."""
