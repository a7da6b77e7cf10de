"""What people may read from booking. No locks."""
