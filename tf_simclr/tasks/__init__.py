"""What a user runs: one task a file."""
