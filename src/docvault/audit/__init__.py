"""Entries, tree, checkpoints, export bundle and verifier of the audit log. Needs no server and no database."""
