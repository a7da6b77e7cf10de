"""The rules of notify: one message per cause, recipient and channel; three attempts. No I/O."""
