"""Tests of `LogsMonitor2000.state`."""
