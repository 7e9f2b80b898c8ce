"""A file in, a stored encrypted version out; keys, blobs and rows meet only here. Never decides who may."""
