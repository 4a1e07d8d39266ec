"""What lies at a path: a network trained here or released by the original's authors."""
