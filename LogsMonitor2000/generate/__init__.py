"""Logs made to measure: traffic that looks like traffic, in any format that has a writer, with incidents mixed in."""
