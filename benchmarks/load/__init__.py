"""The product under load: priority and fairness behind a limit, many open orders, and a long run at speed."""
