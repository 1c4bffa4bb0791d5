"""The page at ``/launchready``: what an owner looks at in the morning. Server-rendered, one request, no other host."""
