"""Rerankers: what looks at the best candidates again, more closely; one file each."""
