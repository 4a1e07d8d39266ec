"""What is fast and how large it is, measured: one script a claim, each prints a table."""
