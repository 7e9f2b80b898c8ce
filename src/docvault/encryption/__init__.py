"""File format, key wrapping and keyrings. Never does I/O but the keyring's own."""
