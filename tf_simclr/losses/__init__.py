"""The equations that are minimised, one family a file."""
