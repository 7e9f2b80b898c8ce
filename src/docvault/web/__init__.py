"""The HTTP door: API routes, wire structs, pages, problem answers. Translates, never decides."""
