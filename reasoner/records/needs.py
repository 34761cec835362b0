"""Which terms shapes and rules need, `gp:needs`, and which of them occur in a record."""

from __future__ import annotations

from collections.abc import Iterable

from reasoner.records.contract import Beyond, Contract, Rule


class Needs:
    """Sets of needed terms as bits of a number: one is satisfied by a record in which a term of it occurs."""

    def __init__(self, contract: Contract) -> None:
        parts: list[Rule | Beyond] = [*contract.rules, *contract.beyond]
        sets = sorted({need for part in parts for need in part.needs})
        self._bits = {need: 1 << i for i, need in enumerate(sets)}
        self._above = contract.above
        self._satisfied: dict[str, int] = {}
        for need, bit in self._bits.items():
            for term in need:
                self._satisfied[term] = self._satisfied.get(term, 0) | bit

    def of(self, needs: Iterable[tuple[str, ...]]) -> int:
        """The bits of some sets."""
        return sum(self._bits[need] for need in set(needs))

    def satisfied_by(self, term: str) -> int:
        """The sets in which a property or a type, or one above it, stands."""
        found = self._satisfied.get(term, 0)
        for above in self._above.get(term, ()):
            found |= self._satisfied.get(above, 0)
        return found
