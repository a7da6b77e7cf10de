"""The rules of the ledger: how entries are chained, and how a chain is checked. No I/O."""
