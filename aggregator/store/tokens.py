"""The tokens of private outputs: only their digests, so that who reads the store has none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aggregator.model import Token
from aggregator.store.base import Rows
from aggregator.store.errors import StoreError
from aggregator.store.times import from_text, from_text_or_none, to_text

_COLUMNS = "tokens.id, outputs.name, tokens.name, digest, made_at, last_used_at, revoked_at"


class TokenRows(Rows):
    """The tokens' part of the SQLite store."""

    def add_token(self, output_id: int, name: str, digest: str, now: datetime) -> None:
        """Let a token (by its SHA-256, hex) open an output; inside a transaction.

        Raises StoreError where a token of this output that is in force has the name.
        """
        row = self._db.execute(
            "select 1 from tokens where output_id = ? and name = ? and revoked_at is null",
            (output_id, name),
        ).fetchone()
        if row is not None:
            raise StoreError(f"there is a token called {name} already; revoke it, or use a --name")
        self._db.execute(
            "insert into tokens (output_id, name, digest, made_at) values (?, ?, ?, ?)",
            (output_id, name, digest, to_text(now)),
        )

    def tokens(self, output_id: int | None = None) -> list[Token]:
        """The tokens of an output, or of all, revoked ones too, in the order they were made."""
        rows = self._db.execute(
            f"select {_COLUMNS} from tokens join outputs on outputs.id = output_id "
            "where ?1 is null or output_id = ?1 order by tokens.id",
            (output_id,),
        )
        return [_token(row) for row in rows]

    def revoke_token(self, output_id: int, name: str, now: datetime) -> bool:
        """Let a token open nothing from now on; False where none of the name is in force."""
        cursor = self._db.execute(
            "update tokens set revoked_at = ? "
            "where output_id = ? and name = ? and revoked_at is null",
            (to_text(now), output_id, name),
        )
        return cursor.rowcount > 0

    def use_token(self, number: int, now: datetime) -> None:
        """Note when a token was last used; inside a transaction."""
        self._db.execute("update tokens set last_used_at = ? where id = ?", (to_text(now), number))


def _token(row: Sequence[Any]) -> Token:
    number, output, name, digest, made_at, used_at, revoked_at = row
    times = from_text(made_at), from_text_or_none(used_at), from_text_or_none(revoked_at)
    return Token(number, output, name, digest, *times)
