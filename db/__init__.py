"""How we remember: PostgreSQL, its migrations, one module of statements per noun.

Imports nothing of collectors and no process of monitor; functions take a connection first.
"""
