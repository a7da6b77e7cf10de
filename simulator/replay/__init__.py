"""The replay of a process log as agencies reporting, half over HTTP and half over Kafka.

`main(ReplayOptions(log=...))` does all of it. It is an ordinary client of the platform.
"""

from simulator.replay.options import ReplayOptions, Result
from simulator.replay.run import main

__all__ = ["ReplayOptions", "Result", "main"]
