"""What a person typed and cannot be: raised by verbs, printed by `main` with exit code 2."""


class UnknownName(Exception):
    """Something typed does not exist; the text says how to find what does."""
