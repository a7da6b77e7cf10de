"""The ledger: what every service said, chained so that nobody can quietly change it."""
