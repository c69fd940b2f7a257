"""The bridge next to a bare loop, and killed again and again."""
