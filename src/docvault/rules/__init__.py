"""Pure decisions: whose turn it is, what is complete, what may change."""
