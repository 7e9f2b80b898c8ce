"""Reads policies/ into typed, checked values and asks the policy engine. Never does the deed."""
