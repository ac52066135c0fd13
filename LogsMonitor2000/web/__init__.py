"""What the monitor serves over HTTP. Clients can neither hold up the reading nor use more than their share."""
