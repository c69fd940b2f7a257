"""Measurements that end in a verdict: what the product costs, and what it stands."""
