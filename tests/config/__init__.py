"""Tests of `LogsMonitor2000.config`."""
