"""Certificates, revocation and timestamps: pure cryptographic statements. Stores nothing, reads no clock."""
