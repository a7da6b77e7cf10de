"""How much may be tried again: a share of what went well, so that trouble does not feed on itself.

Without a bound, retries make most work just when there is least room for it.
"""

_SHARE = 0.1
_MOST = 20.0


class RetryBudget:
    """Every success earns a tenth of a retry; what is not used is kept up to twenty."""

    def __init__(self, share: float = _SHARE, most: float = _MOST) -> None:
        """A new budget is full: the first trouble after a start may be met at once."""
        self._share = share
        self._most = most
        self._left = most

    def earn(self, successes: int) -> None:
        """So many pieces of work went well."""
        self._left = min(self._most, self._left + successes * self._share)

    def spend(self) -> bool:
        """Whether one more retry may be made; it is then counted."""
        if self._left < 1:
            return False
        self._left -= 1
        return True
