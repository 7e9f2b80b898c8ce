"""The timestamp authorities of others: asks them in order, and believes only what holds. Stores nothing."""
