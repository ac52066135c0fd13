"""Values as a log writes them: timestamps, requests, clients, numbers."""
