"""What people may read from queue. No locks, no personal data."""
