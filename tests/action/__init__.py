"""Tests of `LogsMonitor2000.action`."""
