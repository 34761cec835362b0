"""Boolean functions as reduced ordered decision diagrams: equality is identity, and models are counted exactly.

R. E. Bryant, Graph-based algorithms for Boolean function manipulation, IEEE Trans. Computers C-35, 1986. The order of
the variables is found by the FORCE heuristic: F. A. Aloul et al., FORCE: a fast and easy-to-implement
variable-ordering heuristic, GLSVLSI 2003.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from reasoner.logic.clauses import Cube, bits
from reasoner.logic.expressions import And, Expr, Not, Or

FALSE, TRUE = 0, 1
_ROUNDS = 20


class Diagrams:
    """Diagrams over the variables of `order`, first to last. A diagram is a number; equal functions have equal ones.

    >>> diagrams = Diagrams([0, 1])
    >>> diagrams.count(diagrams.any_of([diagrams.literal(0), diagrams.literal(1)]))
    3
    """

    def __init__(self, order: Sequence[int]) -> None:
        self.size = len(order)
        self._level = {variable: level for level, variable in enumerate(order)}
        self._nodes: list[tuple[int, int, int]] = [(self.size, 0, 0), (self.size, 1, 1)]
        self._unique: dict[tuple[int, int, int], int] = {}
        self._chosen: dict[tuple[int, int, int], int] = {}
        self._counted: dict[int, int] = {FALSE: 0, TRUE: 1}

    def literal(self, variable: int, truth: bool = True) -> int:
        """The diagram of a variable, or of its complement."""
        return self._node(self._level[variable], int(not truth), int(truth))

    def choose(self, test: int, yes: int, no: int) -> int:
        """The diagram that is `yes` where `test` holds, and `no` elsewhere: if-then-else."""
        if test <= TRUE:
            return yes if test else no
        if yes == no:
            return yes
        key = test, yes, no
        found = self._chosen.get(key)
        if found is None:
            level = min(self._nodes[part][0] for part in key)
            low, high = (self.choose(*(self._branch(part, level, side) for part in key)) for side in (1, 2))
            found = self._chosen[key] = self._node(level, low, high)
        return found

    def all_of(self, parts: Iterable[int]) -> int:
        """The conjunction of diagrams; of none, `TRUE`."""
        result = TRUE
        for part in parts:
            result = self.choose(part, result, FALSE)
        return result

    def any_of(self, parts: Iterable[int]) -> int:
        """The disjunction of diagrams; of none, `FALSE`."""
        result = FALSE
        for part in parts:
            result = self.choose(part, TRUE, result)
        return result

    def complement(self, part: int) -> int:
        """The complement of a diagram."""
        return self.choose(part, FALSE, TRUE)

    def clause(self, clause: Cube) -> int:
        """The disjunction of the literals of a clause."""
        return self.any_of(
            [self.literal(i) for i in bits(clause.pos)] + [self.literal(i, False) for i in bits(clause.neg)]
        )

    def of(self, expr: Expr, of_leaf: Callable[[Expr], int]) -> int:
        """The diagram of a Boolean combination, from those of its leaves."""
        match expr:
            case Not(part):
                return self.complement(self.of(part, of_leaf))
            case And(parts) | Or(parts):
                join = self.all_of if isinstance(expr, And) else self.any_of
                return join(self.of(part, of_leaf) for part in parts)
            case leaf:
                return of_leaf(leaf)

    def count(self, root: int) -> int:
        """How many assignments to all variables satisfy the function."""
        return self._below(root) << self._nodes[root][0]

    def _below(self, root: int) -> int:
        """The satisfying assignments to the variables from the root's own on."""
        found = self._counted.get(root)
        if found is None:
            level, low, high = self._nodes[root]
            skipped = ((child, self._nodes[child][0] - level - 1) for child in (low, high))
            found = self._counted[root] = sum(self._below(child) << gap for child, gap in skipped)
        return found

    def _branch(self, part: int, level: int, side: int) -> int:
        node = self._nodes[part]
        return node[side] if node[0] == level else part

    def _node(self, level: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = level, low, high
        found = self._unique.get(key)
        if found is None:
            found = self._unique[key] = len(self._nodes)
            self._nodes.append(key)
        return found


def good_order(size: int, groups: Sequence[int]) -> list[int]:
    """An order of `size` variables that keeps those of each group (as bits) near to each other."""
    order = list(range(size))
    members = [list(bits(group)) for group in groups]
    of_variable = [[number for number, group in enumerate(groups) if group >> variable & 1] for variable in order]
    best, width = order, _width(order, members)
    for _ in range(_ROUNDS):
        order = _pulled(order, members, of_variable)
        if _width(order, members) < width:
            best, width = order, _width(order, members)
    return best


def _pulled(order: list[int], members: list[list[int]], of_variable: list[list[int]]) -> list[int]:
    """`order` with each variable moved to the centre of its groups' centres."""
    position = {variable: float(i) for i, variable in enumerate(order)}
    centres = [sum(position[v] for v in group) / len(group) if group else 0.0 for group in members]
    pull = {v: sum(centres[g] for g in own) / len(own) if own else position[v] for v, own in enumerate(of_variable)}
    return sorted(order, key=lambda v: (pull[v], position[v]))


def _width(order: list[int], members: list[list[int]]) -> int:
    """How far the groups stretch, summed."""
    position = {variable: i for i, variable in enumerate(order)}
    return sum(max(position[v] for v in group) - min(position[v] for v in group) for group in members if group)
