"""Tables, the questions asked of them, the queue of work for later, and migrations."""
