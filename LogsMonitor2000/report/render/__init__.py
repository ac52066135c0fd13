"""What reports are shown as: text of a log is escaped here, for each medium in its way."""
