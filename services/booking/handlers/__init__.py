"""What booking decides: one function for each command, from states to facts."""
