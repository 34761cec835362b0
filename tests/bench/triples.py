"""The same patients as N-Triples and as Turtle, and as N-Triples with what a fact table cannot hold.

Findings, acts and nodes have IRIs, and the triples of a patient stand together. The text of a slice of patients is
one Arrow string array, whose bytes are the file.

The mixed file differs: 1 % of the patients have a dated therapy instead of weeks, 5 % an order under review, and 0.1 %
break the record contract, by a diameter or weeks out of range or by a term that nobody declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from data import ACTS, BASE, ENDPLATES, FINDINGS, PRESENT, SEED, UNKNOWN, VERTEBRAE, Block, Numbers, blocks, iris
from numpy.typing import NDArray

SLICE = 16_384
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
XSD = "http://www.w3.org/2001/XMLSchema#"
GP = "https://w3id.org/guideproof/core#"
SN = "https://w3id.org/guideproof/schmorl#"
ORDERS = ("FollowUpImaging", "SpineMri", "NsaidTherapy", "Vertebroplasty", "Surgery", "PainAttribution")
THERAPIES = ("ConservativeTherapy", "NsaidTherapy", "PhysicalTherapy")
NODE, *OTHERS = FINDINGS

Pieces = list[pa.Array]
Rows = NDArray[np.bool_]


def write_ntriples(path: Path, patients: int) -> None:
    """The patients as N-Triples."""
    write_pieces(path, patients, "", lambda part: _ntriples(part, iris(part)))


def write_turtle(path: Path, patients: int) -> None:
    """The same triples as Turtle, with prefixes and predicate lists."""
    header = f"@prefix gp: <{GP}> .\n@prefix sn: <{SN}> .\n@prefix p: <{BASE}> .\n"
    write_pieces(path, patients, header, _turtle)


def write_mixed(path: Path, patients: int) -> None:
    """The patients as N-Triples, some with dated therapies or orders, some broken."""
    write_pieces(path, patients, "", _mixed)


def write_pieces(path: Path, patients: int, header: str, text: Callable[[Block], Pieces], footer: str = "") -> None:
    """Write the patients between a header and a footer, each as the pieces that `text` gives."""
    with path.open("wb") as file:
        file.write(header.encode())
        for block in blocks(patients):
            for start in range(0, block.rows, SLICE):
                pieces = text(block.part(start, min(SLICE, block.rows - start)))
                file.write(pc.binary_join_element_wise(*pieces, "", null_handling="skip").buffers()[2])
        file.write(footer.encode())


# -- pieces: a text for each patient, null for those who have none --


def _around(rows: Rows, who: pa.Array, *texts: str) -> pa.Array:
    """For the patients in `rows`, the texts with the patient between every two of them."""
    inside = pc.if_else(pa.array(rows), who, None)
    parts = [part for text in texts[1:] for part in (inside, text)]
    return pc.binary_join_element_wise(texts[0], *parts, "")


def _number(before: pa.Array, tenths: Numbers, after: str) -> pa.Array:
    """Tenths as a decimal, behind a piece that is null where there is no number."""
    whole, rest = (pc.cast(pa.array(digits), pa.string()) for digits in (tenths // 10, tenths % 10))
    return pc.binary_join_element_wise(before, whole, ".", rest, after, "")


def _links(name: str) -> tuple[str, str]:
    """The properties under which a finding or an act is present and absent, as CURIEs."""
    if name in ACTS:
        return "gp:underwent", "gp:didNotUndergo"
    return "sn:indexNode" if name == NODE else "gp:hasFinding", "gp:lacksFinding"


def _values(part: Block) -> list[tuple[str, str, Rows]]:
    """Each level and endplate: property, individual, and who has it."""
    named = (("vertebra", VERTEBRAE, part.vertebra), ("endplate", ENDPLATES, part.endplate))
    return [(prop, value, places == i) for prop, values, places in named for i, value in enumerate(values)]


# -- N-Triples --


def _iri(curie: str) -> str:
    prefix, name = curie.split(":")
    return f"<{GP if prefix == 'gp' else SN}{name}>"


def _ntriples(part: Block, who: pa.Array) -> Pieces:
    decimal = f'"^^<{XSD}decimal> .\n'
    weeks = _around(part.weeks >= 0, who, "<", f'> {_iri("sn:conservativeTherapyWeeks")} "')
    size = _around(part.diameter >= 0, who, "<", f'-{NODE}> {_iri("sn:diameterMillimetre")} "')
    return [
        _around(np.ones(part.rows, bool), who, "<", f"> <{RDF_TYPE}> {_iri('gp:Patient')} .\n"),
        *(_recorded(part, who, name) for name in (*FINDINGS, *ACTS)),
        *(_around(rows, who, "<", f"-{NODE}> {_iri(f'sn:{prop}')} {_iri(f'sn:{value}')} .\n")
          for prop, value, rows in _values(part)),
        _number(size, part.diameter, decimal),
        _number(weeks, part.weeks, decimal),
    ]  # fmt: skip


def _recorded(part: Block, who: pa.Array, name: str) -> pa.Array:
    """A node where a finding or act is present, a denial where it is absent."""
    has, lacks = _links(name)
    states, cls = part.facts[name], _iri(f"sn:{name}")
    denial = _around((states != PRESENT) & (states != UNKNOWN), who, "<", f"> {_iri(lacks)} {cls} .\n")
    return pc.coalesce(_node(states == PRESENT, who, has, name, name), denial)


def _node(rows: Rows, who: pa.Array, link: str, name: str, cls: str) -> pa.Array:
    """A node and its class."""
    return _around(rows, who, "<", f"> {_iri(link)} <", f"-{name}> .\n<",
                   f"-{name}> <{RDF_TYPE}> {_iri(f'sn:{cls}')} .\n")  # fmt: skip


# -- Turtle --


def _turtle(part: Block) -> Pieces:
    """One sentence for the patient, then one for each of its nodes."""
    who = pc.utf8_slice_codeunits(iris(part), len(BASE))
    weeks = pc.if_else(pa.array(part.weeks >= 0), " ;\n    sn:conservativeTherapyWeeks ", None)
    return [
        _around(np.ones(part.rows, bool), who, "p:", " a gp:Patient"),
        *(_predicate(part, who, name) for name in (*FINDINGS, *ACTS)),
        _number(weeks, part.weeks, ""),
        pa.array([" .\n"] * part.rows),
        *_node_sentence(part, who),
        *(_around(part.facts[name] == PRESENT, who, "p:", f"-{name} a sn:{name} .\n") for name in (*OTHERS, *ACTS)),
    ]


def _predicate(part: Block, who: pa.Array, name: str) -> pa.Array:
    has, lacks = _links(name)
    states = part.facts[name]
    denial = pc.if_else(pa.array((states != PRESENT) & (states != UNKNOWN)), f" ;\n    {lacks} sn:{name}", None)
    return pc.coalesce(_around(states == PRESENT, who, f" ;\n    {has} p:", f"-{name}"), denial)


def _node_sentence(part: Block, who: pa.Array) -> Pieces:
    node = pa.array(part.node)
    size = pc.if_else(pa.array(part.diameter >= 0), " ; sn:diameterMillimetre ", None)
    return [
        _around(part.node, who, "p:", f"-{NODE} a sn:{NODE}"),
        *(pc.if_else(pa.array(rows), f" ; sn:{prop} sn:{value}", None) for prop, value, rows in _values(part)),
        _number(size, part.diameter, ""),
        pc.if_else(node, " .\n", None),
    ]


# -- mixed --


def _mixed(part: Block) -> Pieces:
    random, who = np.random.default_rng([SEED, part.first, 1]), iris(part)
    dated = random.random(part.rows) < 0.01
    undated = {name: np.where(dated, UNKNOWN, part.facts[name]).astype(np.int8) for name in THERAPIES}
    part = replace(part, facts={**part.facts, **undated}, weeks=np.where(dated, -1, part.weeks))
    return [*_ntriples(part, who), *_dated(dated, who, random), *_ordered(part, who, random),
            *_broken(part, who, random)]  # fmt: skip


def _dated(rows: Rows, who: pa.Array, random: np.random.Generator) -> Pieces:
    """A therapy with a start, whole or a month, and an end for half of them."""
    start, end = random.integers(1, 6, len(rows)), random.integers(6, 11, len(rows))
    whole, ended = random.random(len(rows)) < 0.8, random.random(len(rows)) < 0.5
    pieces = [_node(rows, who, "gp:underwent", "therapy", "PhysicalTherapy")]
    pieces += [_date(rows & whole & (start == m), who, "startDate", f"2026-{m:02}-15", "date") for m in range(1, 6)]
    pieces += [_date(rows & ~whole & (start == m), who, "startDate", f"2026-{m:02}", "gYearMonth") for m in range(1, 6)]
    pieces += [_date(rows & ended & (end == m), who, "endDate", f"2026-{m:02}-20", "date") for m in range(6, 11)]
    return pieces


def _date(rows: Rows, who: pa.Array, prop: str, value: str, datatype: str) -> pa.Array:
    return _around(rows, who, "<", f'-therapy> {_iri(f"gp:{prop}")} "{value}"^^<{XSD}{datatype}> .\n')


def _ordered(part: Block, who: pa.Array, random: np.random.Generator) -> Pieces:
    rows, which = random.random(part.rows) < 0.05, random.integers(0, len(ORDERS), part.rows)
    return [_node(rows & (which == i), who, "gp:proposes", "order", act) for i, act in enumerate(ORDERS)]


def _broken(part: Block, who: pa.Array, random: np.random.Generator) -> Pieces:
    rows, kind = random.random(part.rows) < 0.001, random.integers(0, 3, part.rows)
    size = rows & (kind == 0) & (part.diameter >= 0)
    decimal = f'"^^<{XSD}decimal> .\n'
    return [
        _around(size, who, "<", f'-{NODE}> {_iri("sn:diameterMillimetre")} "99.0{decimal}'),
        _around(rows & (kind == 1), who, "<", f'> {_iri("sn:conservativeTherapyWeeks")} "-2.0{decimal}'),
        _around(rows & ~size & (kind != 1), who, "<", f"> {_iri('gp:lacksFinding')} {_iri('sn:Fevr')} .\n"),
    ]
