"""A process of its own that holds the keys; the web process and the workers ask it over a socket."""
