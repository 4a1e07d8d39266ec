"""Patches out of one picture, for learning where a patch lies beside another (arXiv 1505.05192)."""
