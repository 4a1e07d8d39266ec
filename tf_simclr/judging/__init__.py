"""Evaluates a trained network, and shows the results."""
