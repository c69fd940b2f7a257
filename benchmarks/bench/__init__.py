"""The product against the least that Temporal allows, doing the same job in the same run: ``make bench``."""
