"""A whole day in one mall, played on a clock of its own: eight hours in about a minute."""
