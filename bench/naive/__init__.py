"""The rival of P10: the same pipeline as most teams would write it. Nobody runs it in earnest.

It stands for sound work without thought for rates: FastAPI, SQLAlchemy's ORM with one session and
one transaction per command, an outbox that a worker polls and publishes one message at a time, and
FastStream's handler per message with a pydantic model, an inbox against repeats, and the ORM again.
It is right: a command is locked, idempotent and atomic with its message, order is kept by key, and
`check` holds its tables to it.

Where there was a choice it got the cheaper way: three processes, which may use both cores; no
tokens, no journeys, no signatures, no answers to agencies; one message per command where ours
writes two facts; and FastStream's default acknowledgement, which costs nothing per message and may
lose some in a crash.
"""
