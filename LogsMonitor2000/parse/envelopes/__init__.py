"""What log shippers put around a line: syslog, Docker's json-file, the systemd journal."""
