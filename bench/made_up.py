"""A seed → Chinese articles of some 500 characters whose runs of five repeat as real ones' do.

Words are drawn from a made-up lexicon by Zipf's law, and between them set phrases of 12 to 40
characters from a pool, by Zipf's law too: those are what unrelated articles share. With 20,000
phrases a fifth of the fingerprints is one that an earlier article has, as in a stream of real news.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

WORDS, PHRASES, PHRASE_SHARE = 30_000, 20_000, 0.012
DRAWN = 210


class MadeUp:
    """A source of made-up articles, the same for the same seed."""

    def __init__(self, seed: int = 8) -> None:
        self._chance = np.random.default_rng(seed)
        signs = np.array([chr(0x4E00 + at) for at in range(3500)])
        weights = _zipf(signs.size, 0.9)
        self._words = self._pool(signs, weights, WORDS, 1, 4)
        words = np.array(self._words)
        self._phrases = self._pool(words, _zipf(WORDS, 0.9), PHRASES, 6, 20)
        self._parts = np.array([*self._words, *self._phrases, "，", "。", "。\n"], dtype=object)
        plain = 1 - PHRASE_SHARE
        marks = np.array([0.10, 0.05, 0.02])
        self._odds = np.concatenate(
            [
                _zipf(WORDS, 0.9) * plain * (1 - marks.sum()),
                _zipf(PHRASES, 1.0) * PHRASE_SHARE * (1 - marks.sum()),
                marks,
            ]
        )
        self._odds = self._odds.cumsum() / self._odds.sum()
        self.made = 0

    def _pool(
        self, parts: NDArray[np.str_], odds: NDArray[np.float64], count: int, least: int, most: int
    ) -> list[str]:
        lengths = self._chance.integers(least, most + 1, count)
        drawn = iter(self._chance.choice(parts, int(lengths.sum()), p=odds).tolist())
        return ["".join(next(drawn) for _ in range(length)) for length in lengths.tolist()]

    def article(self) -> dict[str, str]:
        """The next one: `{title, text}`, with a dateline and a line of padding."""
        self.made += 1
        drawn = self._odds.searchsorted(self._chance.random(DRAWN))
        text = "".join(self._parts[np.minimum(drawn, self._parts.size - 1)].tolist())
        number = int(self._chance.integers(2, 9999))
        return {
            "title": f"第{self.made}篇",
            "text": f"本报讯 {text}，共{number}人。\n责任编辑：某某",
        }

    def repost(self, article: dict[str, str]) -> dict[str, str]:
        """The same told by another: a header, the last fifth left out, an advertisement."""
        text = article["text"]
        cut = text[5 : len(text) * 4 // 5]
        return {"title": "另题", "text": f"本文转自：某某日报\n{cut}\n扫码关注我们\n"}


def _zipf(count: int, exponent: float) -> NDArray[np.float64]:
    weights = 1.0 / np.arange(1, count + 1, dtype=np.float64) ** exponent
    normal: NDArray[np.float64] = weights / weights.sum()
    return normal
