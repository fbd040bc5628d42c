"""Retrieval: documents into versioned indexes, and passages out of them.

A snapshot of an index never changes; it is named by a digest over its documents and settings.
"""
