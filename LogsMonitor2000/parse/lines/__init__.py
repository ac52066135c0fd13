"""Formats whose lines one pattern matches, and formats that need more than one line."""
