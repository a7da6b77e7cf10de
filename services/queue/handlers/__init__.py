"""What queue decides: one function for each command, from states to facts."""
