"""The queue door: one thin file per background job, and the worker that runs them."""
