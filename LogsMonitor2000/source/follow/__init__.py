"""Following a log that is being written: through rotations, truncations and restarts, one path reads as one endless source."""
