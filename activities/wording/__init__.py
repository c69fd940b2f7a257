"""Puts what happened to an order into words, in the recipient's language: one catalogue file per language."""

from activities.wording.wording import FluentWording

__all__ = ["FluentWording"]
