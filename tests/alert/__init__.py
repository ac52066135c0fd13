"""Tests of `LogsMonitor2000.alert`."""
