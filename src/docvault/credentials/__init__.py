"""Passwords, one-time codes, recovery codes and tokens. Random but otherwise pure; never reads a row."""
