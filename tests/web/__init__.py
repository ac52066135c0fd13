"""Tests of `LogsMonitor2000.web`."""
