"""Messages and how they are sent."""
