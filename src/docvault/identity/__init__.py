"""Speaks OpenID Connect to the one configured identity provider. Knows no person, row or right of ours."""
