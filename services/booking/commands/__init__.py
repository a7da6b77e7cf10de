"""What one may want from booking, what one is answered, and which rules may refuse it."""
