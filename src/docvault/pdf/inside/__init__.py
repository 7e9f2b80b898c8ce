"""What runs inside a PDF worker, file by file the other half of docvault.pdf. Never imported by the portal's
process.
"""
