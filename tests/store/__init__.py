"""The store, on the database files and servers it runs on."""
