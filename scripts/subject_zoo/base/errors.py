"""The one exception that a person is meant to read."""


class UserError(Exception):
    """Bad input: one line that names the key or file, what is wrong and what would be right.

    Adapters print the line alone, without a traceback, and exit with a status other than 0.
    """
