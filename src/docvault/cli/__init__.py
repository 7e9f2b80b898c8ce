"""The terminal door: the `docvault` command and its sub-commands."""
