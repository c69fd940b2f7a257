"""Hands order events from a broker to Temporal: at least once, in order, and not out of the broker before."""
