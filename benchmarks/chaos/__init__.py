"""Kills what can be killed while orders are told, then accounts for every event: ``make chaos``."""
