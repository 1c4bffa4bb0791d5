"""Request bodies: large ones are spooled to disk; under WSGI a body that was read is put back for the app."""
