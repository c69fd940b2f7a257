"""The pages, driven in a real browser over the whole product."""
