"""How often Python's garbage collector looks around in a process that works all the time."""

import gc

_OBJECTS = 20_000  # new ones between two collections; the default of 700 is a few requests


def collect_rarely() -> None:
    """Look at what is new only, and not often: what was imported until now lives for ever."""
    gc.freeze()
    gc.set_threshold(_OBJECTS)
