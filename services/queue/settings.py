"""What queue needs to know about its surroundings: what every service does, and no more."""

from chassis.settings import ServiceSettings


class QueueSettings(ServiceSettings):
    """The settings of every service."""
