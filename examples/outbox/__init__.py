"""A transactional outbox: an order service that publishes exactly what it committed. See README.md."""
