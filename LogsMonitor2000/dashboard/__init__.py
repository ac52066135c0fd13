"""The dashboard in the terminal: a live model of the run, a screen drawn from it, and the terminal that shows it and reads keys."""
