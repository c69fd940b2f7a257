"""The stories of the product, and the proofs of its parts."""
