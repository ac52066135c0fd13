"""Tests of `LogsMonitor2000.parse.values`."""
