"""Rows of searching: everybody may ask, and finds only what they may see."""

from .rows import SIGNED_IN, get

ROWS = [
    get("/search", SIGNED_IN),
    get("/api/v1/search", SIGNED_IN),
]
