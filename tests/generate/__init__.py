"""Tests of `LogsMonitor2000.generate`."""
