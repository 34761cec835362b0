"""The same patients as RDF/XML and as JSON-LD, each with its nodes inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from data import ACTS, BASE, FINDINGS, PRESENT, UNKNOWN, Block, iris
from triples import GP, NODE, OTHERS, RDF_TYPE, SN, XSD, Pieces, _around, _links, _number, _values, write_pieces

_RDF = RDF_TYPE.removesuffix("type")
_XML = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<rdf:RDF xmlns:rdf="{_RDF}"\n    xmlns:gp="{GP}"\n    xmlns:sn="{SN}">\n'
)
_JSON = f'{{"@context": {{"gp": "{GP}", "sn": "{SN}", "p": "{BASE}", "xsd": "{XSD}"}},\n"@graph": [\n'


def write_rdfxml(path: Path, patients: int) -> None:
    """The patients as RDF/XML: an element for each patient, on lines of its own."""
    write_pieces(path, patients, _XML, _xml, "</rdf:RDF>\n")


def write_jsonld(path: Path, patients: int) -> None:
    """The patients as JSON-LD with a context: a patient a line."""
    write_pieces(path, patients, _JSON, _behind_a_comma, "\n]}\n")


# -- RDF/XML --


def _xml(part: Block) -> Pieces:
    who = iris(part)
    number = f' rdf:datatype="{XSD}decimal">'
    weeks = pc.if_else(pa.array(part.weeks >= 0), f"    <sn:conservativeTherapyWeeks{number}", None)
    return [
        _around(np.ones(part.rows, bool), who, '  <gp:Patient rdf:about="', '">\n'),
        *(piece for name in (*FINDINGS, *ACTS) for piece in _element(part, who, name)),
        _number(weeks, part.weeks, "</sn:conservativeTherapyWeeks>\n"),
        pa.array(["  </gp:Patient>\n"] * part.rows),
    ]


def _element(part: Block, who: pa.Array, name: str) -> Pieces:
    """The element of a finding or an act that is present, with what is inside; or of one that is absent."""
    has, lacks = _links(name)
    states = part.facts[name]
    here, absent = states == PRESENT, (states != PRESENT) & (states != UNKNOWN)
    inner = _inner(part) if name == NODE else []
    end = f"</sn:{name}></{has}>\n" if inner else f"</{has}>\n"
    begin = _around(here, who, f'    <{has}><sn:{name} rdf:about="', f'-{name}"{">" if inner else "/>"}')
    denial = pc.if_else(pa.array(absent), f'    <{lacks} rdf:resource="{SN}{name}"/>\n', None)
    return [begin, *inner, pc.if_else(pa.array(here), end, None), denial]


def _inner(part: Block) -> Pieces:
    """Level, endplate and size of the node."""
    size = pc.if_else(pa.array(part.diameter >= 0), f'<sn:diameterMillimetre rdf:datatype="{XSD}decimal">', None)
    return [
        *(pc.if_else(pa.array(rows), f'<sn:{prop} rdf:resource="{SN}{value}"/>', None)
          for prop, value, rows in _values(part)),
        _number(size, part.diameter, "</sn:diameterMillimetre>"),
    ]  # fmt: skip


# -- JSON-LD --


def _behind_a_comma(part: Block) -> Pieces:
    """Patients in one array: a comma before each but the first of all."""
    return [pa.array([",\n" if part.first + row else "" for row in range(part.rows)]), *_json(part)]


def _json(part: Block) -> Pieces:
    who = pc.utf8_slice_codeunits(iris(part), len(BASE))
    weeks = pc.if_else(pa.array(part.weeks >= 0), ', "sn:conservativeTherapyWeeks": {"@value": "', None)
    links = {link: [n for n in (*OTHERS, *ACTS) if link in _links(n)] for link in _all_links()}
    return [
        _around(np.ones(part.rows, bool), who, '{"@id": "p:', '", "@type": "gp:Patient"'),
        *_index_node(part, who),
        *(_members(part, who, link, [*([NODE] if link == "gp:lacksFinding" else []), *names])
          for link, names in links.items()),
        _number(weeks, part.weeks, '", "@type": "xsd:decimal"}'),
        pa.array(["}"] * part.rows),
    ]  # fmt: skip


def _all_links() -> list[str]:
    return sorted({link for name in (*OTHERS, *ACTS) for link in _links(name)})


def _members(part: Block, who: pa.Array, link: str, names: list[str]) -> pa.Array:
    """A property with all its values; null where there is none."""
    members = [pc.fill_null(_member(part, who, link, name), "") for name in names]
    values = pc.binary_join_element_wise(*members, "")
    some = pc.if_else(pc.not_equal(values, ""), pc.utf8_slice_codeunits(values, 2), None)
    return pc.binary_join_element_wise(f', "{link}": [', some, "]", "")


def _member(part: Block, who: pa.Array, link: str, name: str) -> pa.Array:
    states = part.facts[name]
    if link == _links(name)[1]:
        return pc.if_else(pa.array((states != PRESENT) & (states != UNKNOWN)), f', {{"@id": "sn:{name}"}}', None)
    return _around(states == PRESENT, who, ', {"@id": "p:', f'-{name}", "@type": "sn:{name}"}}')


def _index_node(part: Block, who: pa.Array) -> Pieces:
    size = pc.if_else(pa.array(part.diameter >= 0), ', "sn:diameterMillimetre": {"@value": "', None)
    return [
        _around(part.node, who, ', "sn:indexNode": {"@id": "p:', f'-{NODE}", "@type": "sn:{NODE}"'),
        *(pc.if_else(pa.array(rows), f', "sn:{prop}": {{"@id": "sn:{value}"}}', None)
          for prop, value, rows in _values(part)),
        _number(size, part.diameter, '", "@type": "xsd:decimal"}'),
        pc.if_else(pa.array(part.node), "}", None),
    ]  # fmt: skip
