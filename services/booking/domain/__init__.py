"""The rules of booking: pure, without clock, chance or storage."""
