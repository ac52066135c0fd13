"""Tests of `LogsMonitor2000.analyze.measures`."""
