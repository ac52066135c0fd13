"""The data path, put together: inputs, the monitor that drives them, and the wiring that names the concrete classes."""
