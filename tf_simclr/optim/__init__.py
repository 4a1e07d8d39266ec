"""Optimisers, learning rate schedules, and which weights decay."""
