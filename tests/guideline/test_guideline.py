"""A guideline is loaded from files that are each read once, and is shared by threads and sent to processes."""

from __future__ import annotations

import pickle
import shutil
import threading
from datetime import date
from pathlib import Path

import msgspec
import pytest
from rdflib import OWL, RDF, URIRef

from reasoner.errors import GuidelineError
from reasoner.guideline import guideline as guidelines
from reasoner.guideline.guideline import Guideline, home, load_guideline, ontology_files, read_files, shapes_files
from reasoner.patient.classify import classify_files

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "tiny"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the tiny guideline, and a cache of its own."""
    monkeypatch.setenv("GUIDEPROOF_CACHE", str(tmp_path / "cache"))
    return Path(shutil.copytree(TINY, tmp_path / "guideline"))


def ontology(directory: Path) -> Path:
    return next((directory / "ontology").glob("*.ttl"))


def written(guideline: Guideline) -> bytes:
    return msgspec.json.encode(guideline.content, order="deterministic")


def test_files_of_the_guideline_that_comes_with_the_package() -> None:
    assert [path.name for path in ontology_files(home())] == ["core.ttl", "references.ttl", "schmorl.ttl"]
    assert [path.stem for path in shapes_files(home())] == ["core", "derivation", "pathway", "record", "red-flags"]


def test_the_core_is_shared(own: Path) -> None:
    files = read_files(own)
    assert [path.parent.parent for path in files.ontologies] == [home(), own]
    assert next(iter(files.shapes)).parent.parent == home()
    assert all(data == path.read_bytes() for path, data in {**files.ontologies, **files.shapes}.items())


@pytest.mark.parametrize("name", ["", "ontology", "nowhere"])
def test_a_directory_without_an_ontology(name: str, tmp_path: Path) -> None:
    (tmp_path / "ontology").mkdir()
    with pytest.raises(GuidelineError) as error:
        load_guideline(tmp_path / name)
    assert error.value.problem.code == "no-guideline"


def test_a_file_that_cannot_be_read(own: Path) -> None:
    (own / "ontology" / "folder.ttl").mkdir()
    with pytest.raises(GuidelineError) as error:
        load_guideline(own)
    assert (error.value.problem.code, error.value.problem.file) == ("not-readable", str(own / "ontology/folder.ttl"))


def test_an_edit_is_seen(own: Path) -> None:
    path = ontology(own)
    before = load_guideline(own).catalogue.label("https://example.org/pot#WaterNow")
    path.write_text(path.read_text("utf-8").replace(f'"{before}"@en', '"splash it"@en'), "utf-8")
    assert load_guideline(own).catalogue.label("https://example.org/pot#WaterNow") == "splash it" != before


def test_an_edit_while_it_is_read_is_not_kept_under_the_old_hash(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes that are hashed are those that are compiled."""
    path, real = ontology(own), guidelines.read_files

    def edited_after(directory: Path) -> guidelines.GuidelineFiles:
        files = real(directory)
        path.write_text("this is no Turtle", "utf-8")
        return files

    monkeypatch.setattr(guidelines, "read_files", edited_after)
    loaded = load_guideline(own)
    assert loaded.content and loaded.graph and loaded.shapes("record")
    monkeypatch.undo()
    with pytest.raises(GuidelineError):
        load_guideline(own)


def test_what_is_cached_is_what_is_compiled(own: Path) -> None:
    first, again, anew = load_guideline(own), load_guideline(own), load_guideline(own, cache=False)
    assert written(first) == written(again) == written(anew)


def test_nothing_is_parsed_where_it_is_cached(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_guideline(own)
    monkeypatch.setattr("reasoner.guideline.build.content_of", lambda _: pytest.fail("it is compiled again"))
    monkeypatch.setattr("reasoner.guideline.content.parsed_file", lambda *_: pytest.fail("it is parsed"))
    assert load_guideline(own).content


def test_shapes_are_parsed_once_from_the_bytes_that_were_compiled(own: Path) -> None:
    loaded = load_guideline(own)
    for path in (own / "shapes").glob("*.ttl"):
        path.write_text("this is no Turtle", "utf-8")
    one, other = loaded.shapes("core", "record"), loaded.shapes("core", "record")
    assert len(one) == 2 and [id(graph) for graph in one] == [id(graph) for graph in other]
    assert loaded.shapes("no-such") == []


def test_shape_files(guideline: Guideline) -> None:
    assert guideline.shape_files("record") == [home() / "shapes" / "record.ttl"]
    assert guideline.shape_files("no-such") == []


def test_the_graph_holds_every_ontology(guideline: Guideline) -> None:
    assert len(set(guideline.graph.subjects(RDF.type, OWL.Ontology))) == len(guideline.ontologies) == 3
    assert len(guideline.graph) == sum(len(part.graph) for part in guideline.ontologies)


def test_the_taxonomy_is_a_part_of_the_graph(guideline: Guideline) -> None:
    assert set(guideline.taxonomy) < set(guideline.graph)
    assert all(isinstance(s, URIRef) and isinstance(o, URIRef) for s, _, o in guideline.taxonomy)


def test_checks_of_an_action_are_those_of_the_classes_above(guideline: Guideline) -> None:
    schmorl = "https://w3id.org/guideproof/schmorl#"
    for action in ("SpineMri", "Vertebroplasty"):
        found = guideline.checks_of(schmorl + action)
        assert found and all(check.action for check in found)
    assert guideline.checks_of("urn:x") == []


def test_a_guideline_goes_to_a_process_by_its_bytes(own: Path) -> None:
    loaded = load_guideline(own)
    sent = pickle.dumps(loaded)
    shutil.rmtree(own)
    received = pickle.loads(sent)
    assert (written(received), received.directory, received.files) == (written(loaded), own, loaded.files)


def test_guidelines_are_told_apart_by_identity(own: Path) -> None:
    one, other = load_guideline(own), load_guideline(own)
    assert one != other and len({one, other, one}) == 2


def test_threads_share_a_guideline(own: Path) -> None:
    """Eight threads that begin at once, some by the reference's graphs, get the same answers."""
    loaded, records = load_guideline(own), sorted((TINY / "records").glob("*.ttl"))[:3]
    start, found = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        graphs = loaded.shapes("core", "record"), loaded.graph, loaded.taxonomy
        results = classify_files(loaded, records, date(2026, 11, 22))
        found.append(([len(graph) for graph in (*graphs[0], *graphs[1:])], [result.status for result in results]))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(one == found[0] for one in found)


def test_queries_are_the_shared_ones_where_there_are_none(own: Path) -> None:
    assert load_guideline(own).queries == home() / "queries"
    (own / "queries").mkdir()
    assert load_guideline(own).queries == own / "queries"
