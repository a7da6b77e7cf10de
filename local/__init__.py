"""The embedded stack: real Apache Kafka and real PostgreSQL as plain processes of the local user.

Here is what fetches, starts, watches and stops them together with the services, the token issuer
and the mailbox. Nothing here is part of a deployed service, and no service imports it.
"""

import sys

# The other modules do not even compile on an older Python, so the sentence must stand here.
if sys.version_info < (3, 11):  # noqa: UP036 - whoever starts us may have an older one
    sys.exit(
        f"Loket needs Python 3.11 or newer, this is {sys.version.split()[0]}: install a newer one "
        "and try again with it."
    )
