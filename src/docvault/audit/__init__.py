"""The audit log: entries, tree, checkpoints, bundle and verifier. Needs no server and no database."""
