"""DocVault: secure document exchange and e-signatures, self-hosted."""
