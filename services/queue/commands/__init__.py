"""What one may want from queue, what one is answered, and which rules may refuse it."""
