"""Tests of `LogsMonitor2000.broker`, with a real RabbitMQ where it is installed."""
