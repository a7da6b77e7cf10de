"""What tracking decides, and the words for it. Pure: no clock, no lots, no I/O."""
