"""Faults to seed into a copy of the guideline that comes with the package: what an author might get wrong.

Each is a small edit of one file, with the command that finds it, the code under which, and the place where. The place
is a piece of the edited file, so that no line number has to be kept up to date.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from reasoner.guideline.guideline import home

ONTOLOGY = "ontology/schmorl.ttl"
REFERENCES = "ontology/references.ttl"
FOLDERS = ("ontology", "shapes", "queries")


@dataclass(frozen=True)
class Fault:
    """An edit of `file`, `old` text to `new`, that a command (`door`) reports under `code`.

    `at` is text of the edited file on whose first line the finding stands; of `new`, the first line, if not given.
    `check` is the title of the check that finds it; `also` are the codes of further findings that are right too.
    """

    name: str
    file: str
    old: str
    new: str
    door: str
    code: str
    at: str = ""
    check: str = ""
    also: tuple[str, ...] = ()

    def line(self, root: Path) -> int:
        """The line of the finding in an edited copy. Fails where the place is not exactly one."""
        text = (root / self.file).read_text("utf-8")
        place = self.at or self.new
        assert text.count(place) == 1, f"{self.name}: the place occurs {text.count(place)} times"
        return text.count("\n", 0, text.index(place)) + 1


def copied(root: Path) -> Path:
    """A copy of the guideline in an empty folder."""
    for folder in FOLDERS:
        shutil.copytree(home() / folder, root / folder)
    return root


def seed(fault: Fault, root: Path) -> Path:
    """Make the edit in a copy. Fails where the old text does not occur exactly once."""
    path = root / fault.file
    text = path.read_text("utf-8")
    assert text.count(fault.old) == 1, f"{fault.name}: the old text occurs {text.count(fault.old)} times"
    path.write_text(text.replace(fault.old, fault.new), "utf-8")
    return root


TERMS, SHAPE_TERMS, QUERY_TERMS = "terms of ontologies", "terms of shapes", "terms of queries"
AUTHORING, QUALITY = "authoring shapes", "quality queries"
FRAGMENT = "fragment that is decided exactly"

#: Found by `guideproof check`.
CHECKED = (
    # -- files --
    Fault("syntax error", ONTOLOGY,
          'rdfs:label "night sweats"@en ;', 'rdfs:label "night sweats@en ;',
          "check", "syntax-error", check="syntax"),
    Fault("prefix that nothing declares", "shapes/red-flags.ttl",
          "sh:not [ sh:class sn:ConstitutionalPatient ] ;", "sh:not [ sh:class snn:ConstitutionalPatient ] ;",
          "check", "undeclared-prefix", check="syntax"),
    Fault("wrong prefix", ONTOLOGY,
          "@prefix gp: <https://w3id.org/guideproof/core#> .", "@prefix gp: <https://w3id.org/guideproof/core/> .",
          "check", "near-namespace", check="prefixes"),
    Fault("prefix of something else", "shapes/red-flags.ttl",
          "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .", "@prefix skos: <https://example.org/sky#> .",
          "check", "prefix-not-canonical", check="prefixes"),
    Fault("prefix with two meanings", REFERENCES,
          "@prefix dcterms: <http://purl.org/dc/terms/> .",
          "@prefix dcterms: <http://purl.org/dc/terms/> .\n@prefix note: <https://example.org/one#> .\n"
          "@prefix note: <https://example.org/another#> .",
          "check", "prefix-rebound", "@prefix note: <https://example.org/another#> .", check="prefixes"),
    Fault("import that is not there", ONTOLOGY,
          "owl:imports <https://w3id.org/guideproof/core> , <https://w3id.org/guideproof/schmorl/references> ;",
          "owl:imports <https://w3id.org/guideproof/core> , <https://w3id.org/guideproof/schmorl/measures> ;",
          "check", "unresolved-import", check="imports"),
    Fault("ontology without a header", REFERENCES,
          "<https://w3id.org/guideproof/schmorl/references> a owl:Ontology ;",
          "<https://w3id.org/guideproof/schmorl/references>",
          "check", "no-header", at="@prefix dcterms:", check="headers", also=("unresolved-import", "undeclared-term")),
    # -- terms --
    Fault("typo in a class", ONTOLOGY,
          "owl:someValuesFrom sn:RadicularSymptom ]", "owl:someValuesFrom sn:RadicularSymtom ]",
          "check", "undeclared-term", check=TERMS),
    Fault("undeclared property", ONTOLOGY,
          "owl:onProperty sn:endplate ; owl:hasValue", "owl:onProperty sn:endPlate ; owl:hasValue",
          "check", "undeclared-term", check=TERMS),
    Fault("unknown statement", ONTOLOGY,
          "gp:warrantedBy sn:pit-2 ;\n    gp:assumes sn:A9 , sn:A22 ;",
          "gp:warrantedBy sn:pit-22 ;\n    gp:assumes sn:A9 , sn:A22 ;",
          "check", "undeclared-term", check=TERMS),
    Fault("unknown strength", ONTOLOGY,
          "gp:strength gp:Reserved ;", "gp:strength gp:Obligatory ;",
          "check", "undeclared-term", check=TERMS),
    Fault("misspelt term of OWL", ONTOLOGY,
          "owl:complementOf sn:RedFlagPatient ]", "owl:complimentOf sn:RedFlagPatient ]",
          "check", "undeclared-term", check=TERMS, also=("outside-fragment",)),
    Fault("typo in a shape", "shapes/red-flags.ttl",
          "sh:not [ sh:class sn:RadicularPatient ] ;", "sh:not [ sh:class sn:RadiculerPatient ] ;",
          "check", "undeclared-term", check=SHAPE_TERMS, also=("shape-outside-fragment",)),
    # -- logic --
    Fault("cyclic definition", ONTOLOGY,
          "owl:equivalentClass [ a owl:Class ; owl:unionOf (\n        sn:RedFlagFreePatient\n",
          "owl:equivalentClass [ a owl:Class ; owl:unionOf ( # a circle\n        sn:SymptomaticAcuteNode\n",
          "check", "cyclic-definition", check=FRAGMENT),
    Fault("restriction outside the fragment", ONTOLOGY,
          "owl:onProperty gp:hasFinding ; owl:someValuesFrom sn:ModicChange ]",
          "owl:onProperty gp:hasFinding ; owl:allValuesFrom sn:ModicChange ]",
          "check", "outside-fragment", check=FRAGMENT),
    Fault("unsatisfiable class", ONTOLOGY,
          "sn:VertebralMarrowEdema a owl:Class ;\n    rdfs:subClassOf gp:Finding ;",
          "sn:VertebralMarrowEdema a owl:Class ;\n    rdfs:subClassOf gp:Finding , gp:Act ;",
          "check", "unsatisfiable-class", check="consistency by HermiT"),
    Fault("contradiction between individuals", ONTOLOGY,
          "sn:L4 a sn:Vertebra , owl:NamedIndividual ;",
          "sn:L4 a sn:Vertebra , owl:NamedIndividual ;\n    owl:sameAs sn:L5 ;",
          "check", "inconsistent", "<https://w3id.org/guideproof/schmorl> a owl:Ontology ;",
          check="consistency by HermiT", also=("outside-fragment",)),
    Fault("one name for two kinds of things", ONTOLOGY,
          "sn:vertebra a owl:ObjectProperty , owl:FunctionalProperty ;",
          "sn:vertebra a owl:ObjectProperty , owl:DatatypeProperty , owl:FunctionalProperty ;",
          "check", "not-owl-dl", check="OWL 2 DL profile", also=("not-owl-dl",)),
    Fault("lost disjointness", ONTOLOGY,
          "[] a owl:AllDifferent ;\n    owl:distinctMembers ( sn:SuperiorEndplate sn:InferiorEndplate ) .\n", "",
          "check", "not-different", "sn:SuperiorEndplate a sn:Endplate", check=QUALITY),
    Fault("two definitions of one class", ONTOLOGY,
          '    skos:definition "A patient with a symptom of an irritated or compressed nerve root."@en ;',
          "    owl:equivalentClass sn:NeurologicalPatient ;\n"
          '    skos:definition "A patient with a symptom of an irritated or compressed nerve root."@en ;',
          "check", "two-definitions", check=QUALITY, also=("two-definitions",)),
    Fault("circle of superclasses", ONTOLOGY,
          "sn:Vertebroplasty a owl:Class ;\n    rdfs:subClassOf gp:Procedure ;",
          "sn:Vertebroplasty a owl:Class ;\n    rdfs:subClassOf gp:Procedure .\n"
          "gp:Procedure rdfs:subClassOf sn:Vertebroplasty .\nsn:Vertebroplasty a owl:Class ;",
          "check", "cyclic-hierarchy", "gp:Procedure rdfs:subClassOf sn:Vertebroplasty .", check=QUALITY,
          also=("cyclic-hierarchy",)),
    Fault("invariant without a consequence", ONTOLOGY,
          "    gp:forbidding gp:Evaluation ;\n    gp:thenState gp:Excluded ;\n", "    gp:forbidding gp:Evaluation ;\n",
          "check", "bad-declaration", "sn:invariant-flag-opens-evaluation a gp:SafetyInvariant",
          check="invariants and accepted findings"),
    # -- numbers --
    Fault("threshold without unit", ONTOLOGY,
          '    gp:unit "mm" ;\n    gp:warrantedBy sn:lead-1 ;', "    gp:warrantedBy sn:lead-1 ;",
          "check", "threshold-without-unit", "sn:SmallNodePatient a owl:Class", check=AUTHORING),
    Fault("quantity without unit", ONTOLOGY,
          '    gp:unit "mm" ;\n    rdfs:label "diameter in millimetres"@en ;',
          '    rdfs:label "diameter in millimetres"@en ;',
          "check", "quantity-without-unit", "sn:diameterMillimetre a owl:DatatypeProperty", check=QUALITY),
    Fault("threshold in another unit", ONTOLOGY,
          '    gp:unit "wk" ;\n    gp:warrantedBy sn:alg-8 ;', '    gp:unit "mo" ;\n    gp:warrantedBy sn:alg-8 ;',
          "check", "unit-differs", check=QUALITY),
    Fault("duplicate threshold", ONTOLOGY,
          "xsd:minInclusive 13.0", "xsd:minInclusive 12.00",
          "check", "threshold-twice", check="thresholds", also=("label-number",)),
    Fault("threshold moved and its label not", ONTOLOGY,
          "xsd:minInclusive 26.0", "xsd:minInclusive 25.0",
          "check", "label-number", 'rdfs:label "26 weeks or more of conservative therapy"@en ;', check="thresholds"),
    # -- what every guideline must keep --
    Fault("missing citation", ONTOLOGY,
          'over 70 % of people."@en ;\n    cito:citesAsEvidence sn:reference-1 ;', 'over 70 % of people."@en ;',
          "check", "statement-without-citation", "sn:und-2 a gp:Statement", check=AUTHORING),
    Fault("missing label", ONTOLOGY,
          '    rdfs:label "fever"@en ;\n', "",
          "check", "term-without-label", "sn:Fever a owl:Class ;", check=AUTHORING),
    Fault("missing definition", ONTOLOGY,
          '    skos:definition "A constitutional symptom: sweating during sleep, to whatever degree."@en ;\n', "",
          "check", "term-without-definition", "sn:NightSweats a owl:Class ;", check=AUTHORING),
    Fault("recommendation without action", ONTOLOGY,
          "    gp:action sn:OtherCauseSearch ;\n", "",
          "check", "recommendation-without-action", "sn:rec-other-cause-search a gp:Recommendation", check=AUTHORING),
    Fault("strength that is none", ONTOLOGY,
          "gp:strength gp:MayBeConsidered ;", "gp:strength gp:Present ;",
          "check", "recommendation-without-strength", check=AUTHORING),
    Fault("reference where a statement belongs", ONTOLOGY,
          "gp:warrantedBy sn:lead-1 ;\n    gp:informedBy sn:ctx-4 ;",
          "gp:warrantedBy sn:lead-1 , sn:reference-1 ;\n    gp:informedBy sn:ctx-4 ;",
          "check", "link-to-no-statement", check=AUTHORING),
    Fault("finding read as absent", ONTOLOGY,
          "sn:ModicChange a owl:Class ;\n", "sn:ModicChange a owl:Class ;\n    gp:unrecordedMeans gp:Absent ;\n",
          "check", "finding-closed", "sn:ModicChange a owl:Class ;", check=AUTHORING,
          also=("closed-not-an-act", "closed-without-reading")),
    Fault("term without source", ONTOLOGY,
          '"A constitutional symptom: raised body temperature."@en ;\n    dcterms:source sn:red-4 ;',
          '"A constitutional symptom: raised body temperature."@en ;',
          "check", "term-without-source", "sn:Fever a owl:Class ;", check=QUALITY),
    Fault("statement that nothing uses", ONTOLOGY,
          "    gp:informedBy sn:ctx-2 ;\n", "",
          "check", "unused-statement", "sn:ctx-2 a gp:Statement", check=QUALITY),
    Fault("recommendation that nothing gives", ONTOLOGY,
          "sn:rec-follow-up-imaging-not-required , sn:rec-reassurance ;", "sn:rec-follow-up-imaging-not-required ;",
          "check", "unused-recommendation", "sn:rec-reassurance a gp:Recommendation", check=QUALITY),
    # -- shapes --
    Fault("rule under a property shape", "shapes/derivation.ttl",
          "sn:shape-Units a sh:NodeShape ;", "sn:shape-Units a sh:PropertyShape ;\n    sh:path gp:asOf ;",
          "check", "rule-under-property-shape", "sh:rule sn:rule-Units .", check="vocabulary of shapes"),
    Fault("misspelt term of SHACL", "shapes/record.ttl",
          "sh:path sn:indexNode ;\n    sh:maxCount 1 ;", "sh:path sn:indexNode ;\n    sh:maxcount 1 ;",
          "check", "shacl-term", "sh:maxcount 1 ;", check="vocabulary of shapes"),
    Fault("shape without message", "shapes/red-flags.ttl",
          '    sh:message "Radicular symptoms are present: a red flag, which asks for further evaluation."@en ;\n', "",
          "check", "shape-without-message", "sn:shape-alert-red-3 a sh:NodeShape", check=AUTHORING),
    Fault("shape outside the compiled fragment", "shapes/red-flags.ttl",
          "sh:not [ sh:class sn:NeurologicalPatient ] ;",
          "sh:not [ sh:class sn:NeurologicalPatient ; sh:nodeKind sh:IRI ] ;",
          "check", "shape-outside-fragment", check=FRAGMENT),
    # -- queries --
    Fault("misspelt term in a query", "queries/what-to-ask.rq",
          "gp:ask ?ask ; gp:decides ?class .", "gp:ask ?ask ; gp:decide ?class .",
          "check", "query-term", check=QUERY_TERMS),
    Fault("query that binds nothing", "queries/what-to-ask.rq",
          "SELECT DISTINCT ?patient ?asOf ?rank ?ask ?askLabel ?class",
          "SELECT DISTINCT ?patient ?asOf ?rank ?ask ?askLable ?class",
          "check", "query-unbound", check="syntax of queries"),
    Fault("query that no engine reads", "queries/classes.rq",
          "FILTER NOT EXISTS {", "FILTER NOT EXIST {",
          "check", "query-syntax", check="syntax of queries"),
    Fault("misspelt term in a rule", "shapes/derivation.ttl",
          "{ ?node sn:diameter ?quantity . BIND", "{ ?node sn:diametre ?quantity . BIND",
          "check", "query-term", check=QUERY_TERMS),
)  # fmt: skip

#: Well-formed, consistent and documented: only what the definitions mean is wrong. `at` is where the class concerned
#: begins; a code is given where the command has codes.
MEANT_OTHERWISE = (
    Fault("swapped and/or", ONTOLOGY,
          "owl:equivalentClass [ a owl:Class ; owl:unionOf (\n        sn:RedFlagFreePatient",
          "owl:equivalentClass [ a owl:Class ; owl:intersectionOf (\n        sn:RedFlagFreePatient",
          "prove", "idle-condition", "sn:ClearedPatient a owl:Class"),
    Fault("negated condition", ONTOLOGY,
          "        sn:SchmorlsNodePatient\n        sn:RadicularPatient\n"
          "        [ a owl:Class ; owl:complementOf sn:RootCompressionPatient ]",
          "        sn:SchmorlsNodePatient\n        sn:RadicularPatient\n        sn:RootCompressionPatient",
          "prove", "implied", "sn:RadiculopathyOfOtherCause a owl:Class"),
    Fault("dropped condition", ONTOLOGY,
          "        sn:AtLeast12WeeksPatient\n        sn:ReassessedPatient\n",
          "        sn:AtLeast12WeeksPatient\n",
          "prove", "invariant-broken", "sn:SurgicalReferral a owl:Class"),
    Fault("threshold that excludes its number", ONTOLOGY,
          "xsd:minInclusive 6.0", "xsd:minExclusive 6.0",
          "test", "", "sn:AtLeast6WeeksPatient a owl:Class"),
    Fault("dropped superclass", ONTOLOGY,
          "    rdfs:subClassOf sn:BackPain ;", "    rdfs:subClassOf gp:Finding ;",
          "test", "", "sn:BackPainPatient a owl:Class"),
)  # fmt: skip

FAULTS = (*CHECKED, *MEANT_OTHERWISE)
