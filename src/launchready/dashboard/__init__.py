"""The dashboard page at ``/launchready``: server-rendered, one request, no other host."""
