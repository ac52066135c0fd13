"""Rules: what a user wants to be told of, evaluated at every second of the log."""
