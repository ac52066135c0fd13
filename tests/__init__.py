"""Tests of LogsMonitor2000; the folders mirror the package."""
