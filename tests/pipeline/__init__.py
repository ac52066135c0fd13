"""Tests of `LogsMonitor2000.pipeline`."""
