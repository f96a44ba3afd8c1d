"""What ``make run`` and ``make test`` do: servers, portal and commands started and stopped as one.

Started as ``python -m config.local``. Nothing in the portal imports this package; a container or a
machine with its own PostgreSQL and Valkey never runs it.
"""
