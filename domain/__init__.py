"""The words of the product as data and pure functions: no I/O, no clock, nothing of ours imported."""
