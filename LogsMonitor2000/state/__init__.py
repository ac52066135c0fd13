"""What a restart needs: a snapshot in a directory, and the events that it covers."""
