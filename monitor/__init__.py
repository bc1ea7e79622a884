"""What we know and decide.

The nouns, the pure rules, and the processes that join them to cameras and database.
"""
