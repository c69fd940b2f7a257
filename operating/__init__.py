"""What people do by hand, beyond telling orders: decide on dead letters, overrule breakers."""
