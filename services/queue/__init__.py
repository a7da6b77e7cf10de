"""Queue: tickets in lines, and the counters that call them."""
