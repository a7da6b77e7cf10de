"""Tracking: applications on their way through agencies, and everything that people may see of them."""
