"""The bench: fills an empty portal, then asks the real server for its busiest pages.

Rows are written past the services, in bulk, because 240,000 of them would take hours one by one; what is
measured afterwards goes through the same server, pages and services as always.
"""
