"""Evaluation of frozen features: arrays in, numbers out."""
