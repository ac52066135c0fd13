"""One module for each type of receiver: the keys of its table, how a message is sent, and which answers are worth a retry."""
