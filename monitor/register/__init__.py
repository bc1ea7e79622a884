"""The public register: what is public, its editions, pages and open data; served and verified.

`public` says what is shown, `edition` makes and follows the chain, `pages` and `data` write it,
`folder` puts it on disk and compares, `witness` tells others. Imports nothing of `collectors`.
"""
