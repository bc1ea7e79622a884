"""Reads what video platforms say about their cameras. Read, never fed: no stream, no picture, no
command, no event about people."""
