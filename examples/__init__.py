"""Examples for those who build on this."""
