"""Tracking: applications on their way through agencies, and all that people may see of them."""
