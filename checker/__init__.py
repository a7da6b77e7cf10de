"""The independent checker: what clients saw against what databases, Kafka and mailbox hold.

It shares no code with the platform. Names of tables, topics and rules are written down here a
second time, from the public documents, so that one mistake cannot hide in both.
"""
