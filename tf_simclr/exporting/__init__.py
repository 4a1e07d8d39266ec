"""Exports a trained encoder to formats that others load without this project."""
