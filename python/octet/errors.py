"""What goes wrong, as exceptions that say what to do about it."""

from .runtime import BadData, Error, MissingFile, NotAProgram

__all__ = ["BadData", "CannotWrite", "Error", "MissingFile", "NotAProgram",
           "RefusedOptions", "UnsupportedModel"]


class UnsupportedModel(Error):
    """The model is damaged, or asks for what Octet does not take."""


class RefusedOptions(Error, ValueError):
    """Arguments that cannot be, or not together."""


class CannotWrite(Error, OSError):
    """A file that cannot be written: a full disk, a folder without permission."""
