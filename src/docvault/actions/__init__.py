"""What a person can do: one function is one permission and at least one audit entry, in one transaction."""
