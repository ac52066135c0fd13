"""Rules: what a user wants to be notified of, evaluated at every second of the log."""
