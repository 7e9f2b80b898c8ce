"""PDF bytes: check on intake, render, place fields, sign, timestamp, validate, certificate.

Never reads a PDF in the process that holds keys and sessions: docvault.pdf.inside runs in worker processes.
"""
