"""Tests of `LogsMonitor2000.report`."""
