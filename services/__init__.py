"""The services: independent processes that share contracts and chassis, never a table."""
