"""Alert rules, evaluated at every second of the log."""
