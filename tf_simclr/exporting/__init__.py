"""A trained encoder as something that others load without this project."""
