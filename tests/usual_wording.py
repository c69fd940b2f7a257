"""The product's own words, read once by each process: reading takes longer than most of what they are for."""

from functools import cache

from activities.wording import FluentWording


@cache
def usual_wording() -> FluentWording:
    """Every language there is. It warns of each thing once: who looks for warnings needs another."""
    return FluentWording()
