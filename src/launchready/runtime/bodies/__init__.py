"""Request bodies: large ones are spooled to disk. Under WSGI a body read ahead is put back for the app."""
