"""Judges of frozen features: arrays in, numbers out."""
