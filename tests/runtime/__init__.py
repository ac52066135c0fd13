"""Tests of `LogsMonitor2000.runtime`."""
