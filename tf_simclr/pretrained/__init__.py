"""Loads pretrained networks: trained by this project, or released by the original's authors."""
