"""The command line `loket`: every verb that people and make targets use. It decides nothing."""
