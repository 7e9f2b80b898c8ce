"""The organisation's seal where its key is not the built-in one: in a file, in a token, in a key service."""
