"""The WebDAV door (RFC 4918): folders as a drive in a file manager. wsgidav speaks, our actions do."""
