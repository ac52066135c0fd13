"""Tests of `LogsMonitor2000.source.follow`."""
