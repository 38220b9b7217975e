"""Fitting, splitting and evaluating machine-learning potentials."""
