"""Kinds of names in addresses: what does not look like one is 404 before it reaches the database."""

from django.urls import register_converter
from django.urls.converters import PathConverter, StringConverter


class NameConverter(StringConverter):
    """A name as publishers, families and versions have them."""

    regex = r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,99}"


class FileConverter(PathConverter):
    """A path of a file. PostgreSQL knows every character but NUL."""

    regex = r"[^\x00]+"


register_converter(NameConverter, "name")
register_converter(FileConverter, "file")
