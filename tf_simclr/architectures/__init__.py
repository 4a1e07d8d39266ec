"""What a network is made of, as a value: read off settings or weights, compared, and built."""
