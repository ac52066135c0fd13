"""One module a kind of receiver: how a message is sent to it, and which of its answers are worth a retry."""
