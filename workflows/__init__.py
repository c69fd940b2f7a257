"""Decides. Imports the domain, and activities by reference only."""
