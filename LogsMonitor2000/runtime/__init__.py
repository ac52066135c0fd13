"""What the monitor has of the operating system besides bytes: the clock, waiting, signals. Injected, so that tests drive it."""
