"""Augmentation: one operation a file, and the policies that call them in order.

Every random draw comes from an explicit seed, so that a picture's views depend on the run's seed
and on the picture's place in the stream, and on nothing else.
"""
