"""The rules of the queue: pure, without clock, chance or storage."""
