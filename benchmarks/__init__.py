"""Benchmarks: `python -m benchmarks.run` measures the monitor beside other tools."""
