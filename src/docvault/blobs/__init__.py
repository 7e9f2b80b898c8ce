"""Object stores: write parts, read them, remove them. Knows only bytes, never what they mean."""
