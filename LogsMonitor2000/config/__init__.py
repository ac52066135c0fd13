"""Settings: frozen, validated when they are made; and the TOML tables they are read from. Nothing here parses argv or names a rule."""
