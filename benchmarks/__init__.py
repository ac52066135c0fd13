"""Benchmarks: `python -m benchmarks.run` measures, `python -m benchmarks.generate` writes the input."""
