"""JSON under /api/v1: wire structs and thin handlers, one file a subject."""
