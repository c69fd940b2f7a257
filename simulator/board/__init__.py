"""The order board: a page to place orders on, break providers, and watch who receives what, and why not."""


class NoBoardError(Exception):
    """The board cannot be opened. The text says why, in one line."""
