"""Tests of `LogsMonitor2000.cluster`, on a real scheduler with real workers where Dask is installed."""
