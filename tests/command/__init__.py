"""Tests of `LogsMonitor2000.command`."""
