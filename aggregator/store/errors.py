"""What can go wrong with a store, as exceptions that name the store and the way out."""


class StoreError(Exception):
    """The store cannot do what was asked; the message names the file and what to do."""


class StoreInUse(StoreError):
    """Another daemon holds this store; the message names it."""


class StoreTooNew(StoreError):
    """The store was written by a newer version of this program."""
