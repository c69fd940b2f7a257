"""What 8 million orders a day take: sums from measured costs, and simulated queues: ``make capacity``."""
