"""HTTP for those who are not Temporal clients: what providers and recipients tell us."""
