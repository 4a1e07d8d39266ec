"""Weights from outside: what the original wrote, under this project's roles."""
