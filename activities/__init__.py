"""What the workflow has done for it: planning, sending, and keeping what could not be read."""
