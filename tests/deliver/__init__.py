"""Tests of `LogsMonitor2000.deliver`."""
