"""Requests to other hosts: only to those that are listed, within a time and a size. Believes no answer."""
