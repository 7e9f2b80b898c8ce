"""Pages for people: thin handlers that render templates, one file a subject."""
