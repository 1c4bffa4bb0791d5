"""Claims on idempotency keys while their handlers run: lease renewal, completion notices, the handler's context."""
