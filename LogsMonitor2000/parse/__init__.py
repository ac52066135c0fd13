"""Bytes of whole lines → rows of named columns. Formats are data (`formats`); nothing here reads a file or knows the time."""
