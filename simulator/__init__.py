"""Ordinary clients of the public doors: a morning in a mall, the replay of logs, an audit."""
