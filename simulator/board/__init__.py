"""The order board: a page to place orders on, break providers, and watch who receives what, and why not."""
