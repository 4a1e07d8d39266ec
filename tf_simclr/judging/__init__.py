"""What is asked of a trained network, and shown of the answers."""
