"""What can go wrong while the embedded stack is fetched, started or stopped.

StackError
  NotEnoughDisk, PortTaken, NoNetwork, WrongChecksum, Unsupported, StartFailed, StopFailed
Each message is a sentence for the person at the terminal and says what to do next.
"""


class StackError(Exception):
    """The embedded stack cannot do what was asked; the message says why and what to do."""


class NotEnoughDisk(StackError):
    """There is too little free space to start."""


class PortTaken(StackError):
    """A port that was asked for by number is used by another program."""


class NoNetwork(StackError):
    """A download was needed and the network did not give it."""


class WrongChecksum(StackError):
    """A fetched file differs from the locked one; it has been deleted."""


class Unsupported(StackError):
    """The machine or its Python cannot run the stack."""


class StartFailed(StackError):
    """A process did not become ready; its log is named in the message."""


class StopFailed(StackError):
    """A process is still there after it was told to stop."""
