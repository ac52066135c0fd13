"""Formats whose fields are named in the log itself: JSON, LTSV, logfmt."""
