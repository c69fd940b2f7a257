"""Tries new code and new rules on real histories: whether they replay, and what would be told differently."""
