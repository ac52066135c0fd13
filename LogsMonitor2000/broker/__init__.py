"""Logs over a message broker: the format of a message, a queue as the inputs of a monitor, and a publisher. Needs an extra; nothing else imports it."""
