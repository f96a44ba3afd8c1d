"""The register in and out: columns, readers and writers of CSV, XLSX and JSON, and what the rows of a file would do.

Nothing here writes to the register; ``registry.services.imports`` does.
"""
