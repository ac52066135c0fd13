"""Fuzzing for anyone: `python -m fuzz.parse --seconds 60`, or under atheris where it is installed."""
