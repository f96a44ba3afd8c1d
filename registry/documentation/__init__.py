"""What a model card is made of: sections, metadata, what is required of it, and what changed between two versions.

The source of a card is its single truth (``registry.cards`` reads it). Everything here is a view of that text,
or gives back the text with one span replaced; nothing is ever written anew from parsed data.
"""
