"""Tests of the bridge: the same stories on every broker, and its parts."""
