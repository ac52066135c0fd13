"""Rows → buckets → windows → events. No I/O and no clock in here: time comes in as data."""
