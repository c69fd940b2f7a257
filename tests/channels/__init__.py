"""Every provider's answers, over real HTTP and SMTP on loopback, and what we make of them."""
