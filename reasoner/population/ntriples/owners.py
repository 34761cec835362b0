"""What each node of a block is, whose record it belongs to, and which patients the reference has to read.

A record is certainly plain where every node has one type and stands one link away from one patient. A patient of whom
that is not so is left to the reference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reasoner.kernel.cohort import NODE, strings
from reasoner.population.ntriples.classifier import AS_OF, TripleClassifier
from reasoner.population.ntriples.completion import values_of
from reasoner.population.ntriples.triple_block import PATIENT, TYPE, Codes, Flags, Positions, TripleBlock


def find_owners(block: TripleBlock, classifier: TripleClassifier) -> TripleBlock:
    """The same block, once it holds the class and the patient of each node, and who needs the reference."""
    _find_names(block, classifier)
    names = block.predicates
    block.in_namespace = np.array([classifier.in_namespace(name) and name != TYPE for name in names], bool)
    _find_patients(block)
    links = _link(block)
    _find_needs_reference(block, classifier, links)
    return block


def _find_names(block: TripleBlock, classifier: TripleClassifier) -> None:
    """Find the codes of the terms that the guideline names; those that rules may write are added to the terms."""
    named = pc.index_in(block.terms, classifier.names)
    codes = np.flatnonzero(named.is_valid()).tolist()
    block.codes = dict(zip(classifier.names.take(named.drop_null()).to_pylist(), codes, strict=True))
    new = [term for term in classifier.constants if term not in block.codes]
    block.codes |= {term: block.count + number for number, term in enumerate(new)}
    block.terms = pa.concat_arrays([block.terms, strings(new)])
    block.described = np.append(block.described, np.zeros(len(new), bool))
    block.is_declared = block.flags([code for term, code in block.codes.items() if term in classifier.terms])


def _find_patients(block: TripleBlock) -> None:
    rows = block.rows(TYPE)
    typed, kinds = block.subject[rows], block.objects(rows)
    block.kind = np.full(block.count, -1, np.int32)
    block.kind[typed] = kinds
    block.patients = pa.array(typed[kinds == block.codes.get(PATIENT, -1)]).unique().to_numpy()
    block.is_patient = block.flags(block.patients)


def _link(block: TripleBlock) -> Positions:
    """Find the patient of each node; the rows that link nodes."""
    block.root = np.full(block.count, -1, np.int32)
    block.root[block.patients] = np.arange(len(block.patients), dtype=np.int32)
    node = block.described & ~block.is_patient & ~block.is_declared
    links = block.rows_of(block.in_namespace[block.pair_predicate] & node[block.pair_object])
    start, end = block.subject[links], block.objects(links)
    first = block.is_patient[start]
    block.root[end[first]] = block.root[start[first]]
    if not first.all():
        _go_deeper(block.root, start[~first], end[~first])
    block.owned = (block.root >= 0) & ~block.is_patient
    return links


def _go_deeper(root: Codes, start: Codes, end: Codes) -> None:
    """Follow the links of nodes that are no patients, from those that a patient leads to."""
    below = defaultdict(list)
    for one, other in zip(start.tolist(), end.tolist(), strict=True):
        below[one].append(other)
    reached = [node for node in below if root[node] >= 0]
    for node in reached:
        new = [other for other in below[node] if root[other] < 0]
        root[new] = root[node]
        reached += new


def _find_needs_reference(block: TripleBlock, classifier: TripleClassifier, links: Positions) -> None:
    """Leave to the reference whose nodes are not each of one type, and one link away from one patient."""
    root, block.needs_reference = block.root, np.zeros(len(block.patients), bool)
    start, end = block.subject[links], block.objects(links)
    types = values_of(block, block.rows(TYPE))
    block.refer(root[(root >= 0) & (types != 1) & block.described])
    block.refer(np.flatnonzero(pc.starts_with(block.terms.take(pa.array(block.patients)), "_")))
    block.refer(root[start[~block.is_patient[start]]])
    block.refer(root[[block.codes[AS_OF]] if AS_OF in block.codes else []])
    rows = _naming_rows(block, classifier)
    block.refer(root[block.subject[rows]])
    start, end = np.append(start, block.subject[rows]), np.append(end, block.objects(rows))
    pairs = np.stack([root[start], root[end]], axis=1)
    block.ties = pairs[(pairs[:, 0] != pairs[:, 1]) & (pairs >= 0).all(axis=1)]
    block.refer(block.ties.ravel())


def _naming_rows(block: TripleBlock, classifier: TripleClassifier) -> Positions:
    """The rows that name a patient in the guideline's words, or otherwise a node that the guideline may look at."""
    linked = block.described[block.pair_object] & (block.pair_predicate != block.type)
    ours = block.in_namespace[block.pair_predicate]
    foreign = np.flatnonzero(linked & ~ours)
    linked &= ours & block.is_patient[block.pair_object]
    for pair in foreign.tolist():
        name, term = block.predicates[block.pair_predicate[pair]], block.term(block.pair_object[pair])
        linked[pair] = classifier.is_ours(name) or classifier.in_namespace(term)
    return block.rows_of(linked)


# -- what a block shows of a file in which patients lie apart --


def strays(block: TripleBlock, classifier: TripleClassifier) -> Codes:
    """The nodes that no patient leads to and that may not stand so, by what the block says of them."""
    rows = np.flatnonzero((block.root < 0)[block.subject])
    pairs = np.unique(block.pair[rows])
    values = block.pair_object[pairs]
    wrong = np.zeros(len(block.pair_object), bool)
    wrong[pairs] = classifier.wrong(
        block.pair_predicate[pairs], block.predicates, block.terms.take(pa.array(values)), block.described[values]
    )
    return np.unique(block.subject[rows[wrong[block.pair[rows]] | block.is_declared[block.subject[rows]]]])


def lacks_nodes(block: TripleBlock, classifier: TripleClassifier) -> bool:
    """Whether nodes are named in the guideline's words of which the block says nothing."""
    named = block.in_namespace[block.pair_predicate] & ~block.described[block.pair_object]
    terms = block.terms.take(pa.array(np.unique(block.pair_object[named])))
    leaves = np.array(pc.starts_with(terms, '"'), bool) | classifier.are_in_namespace(terms)
    return not leaves.all()


def node_names(block: TripleBlock, source: str, *, labels: bool) -> pa.StringArray:
    """The nodes of all records, none by a patient's name: IRIs as every file has them, `labels` as no other file has.

    Without `labels` blank nodes are left out.
    """
    nodes = block.terms.take(pa.array(np.flatnonzero(block.owned)))
    labelled = pc.starts_with(nodes, "_")
    if not labels:
        return pc.binary_join_element_wise(nodes.filter(pc.invert(labelled)), "", NODE)
    return pc.binary_join_element_wise(nodes, pc.if_else(labelled, source, ""), NODE)


def owners_of(block: TripleBlock, names: Collection[str]) -> list[str]:
    """The patients in whose records the nodes of such names stand."""
    codes = pc.index_in(strings(name.partition(NODE)[0] for name in names), block.terms).drop_null()
    rows = np.unique(block.root[codes.to_numpy()])
    found: list[str] = block.names(block.patients[rows[rows >= 0]]).to_pylist()
    return found


def record_lines(block: TripleBlock, patients: Flags, lost: Codes) -> bytes:
    """All triples about some patients and, by others' words, of what they name, the `lost` nodes left out."""
    mine = (block.root >= 0) & patients[block.root]
    foreign = block.described & (block.root < 0)
    foreign[lost] = False
    size = 0
    while size != (size := int(mine.sum())):
        found = block.objects(np.flatnonzero(mine[block.subject])) if foreign.any() else np.zeros(0, np.int32)
        mine[found[foreign[found]]] = True
    return block.lines(np.flatnonzero(mine[block.subject[: block.recorded]]))
