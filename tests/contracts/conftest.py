"""Settings of the property tests here: bounded by examples, never by the speed of the machine."""

from hypothesis import settings

settings.register_profile("contracts", deadline=None, derandomize=True)
settings.load_profile("contracts")
