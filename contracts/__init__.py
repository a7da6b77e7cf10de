"""The shared language of the platform: typed ids, facts, envelope and the catalog of events.

Needs pydantic and nothing else, so that anybody who talks to the platform can install it alone.
"""

__version__ = "0.1.0"
