"""The picture and the table of the house, from the imports: `make house` writes docs/house.svg and docs/house.md."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "reasoner"
PICTURE, PAGE = ROOT / "docs" / "house.svg", ROOT / "docs" / "house.md"

#: Each room imports from those before it, and from the modules at the top of the package.
ROOMS = ("logic", "records", "guideline", "patient", "render", "kernel", "population", "workbench", "cli")
START, END = "<!-- rooms: written by make house -->\n", "<!-- end of rooms -->\n"

_WIDTH, _ROW, _BOX, _BOX_WIDTH, _REACH = 840, 62, 46, 420, 44

# Colours that can be read on light and on dark; the text follows what the reader prefers.
_STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .name { font-weight: 600 } .what { font-size: 11px } .count { font-size: 11px; text-anchor: middle }
  .box { fill: #80808014; stroke: #6e7781 } .arrow { fill: none; stroke: #2f7fd0; stroke-opacity: .75 }
  .head { fill: #2f7fd0 } .under { stroke: #ffffff; stroke-width: 3px; paint-order: stroke }
  @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .under { stroke: #0d1117 } }
"""


def imports(path: Path, *, typing: bool = True) -> Iterator[str]:
    """The modules of the package that a module imports, anywhere in it; without `typing`, those that are executed."""
    tree = ast.parse(path.read_text("utf-8"))
    checked = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    left_out = set() if typing else {inner for node in checked for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if node in left_out:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("reasoner"):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("reasoner"))


def room(module: str) -> int:
    """The position of a module's room; -1 for a module at the top."""
    name = module.split(".")[1] if "." in module else ""
    return ROOMS.index(name) if name in ROOMS else -1


def links() -> Counter[tuple[int, int]]:
    """How often modules of one room import from another."""
    found: Counter[tuple[int, int]] = Counter()
    for own, name in enumerate(ROOMS):
        for path in sorted((PACKAGE / name).rglob("*.py")):
            found.update((own, room(module)) for module in imports(path) if room(module) not in (-1, own))
    return found


def summary(path: Path) -> str:
    """The first paragraph of a module's docstring in one line."""
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split())


def picture() -> str:
    """The rooms as boxes and the imports as arrows, each from the room that imports, with their number."""
    rows = [_box(number, name) for number, name in enumerate(ROOMS)]
    pairs = sorted(links().items(), key=lambda link: link[0][1] - link[0][0])
    arrows = [_arrow(above, below, count) for (below, above), count in pairs]
    labels = [_label(above, below, count) for (below, above), count in pairs]
    height = _ROW * len(ROOMS)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        ' role="img" aria-label="The rooms of the package and the imports between them">'
    )
    marker = (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'markerUnits="userSpaceOnUse" orient="auto"><path class="head" d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    return "\n".join([head, f"<style>{_STYLE}</style>", marker, *rows, *arrows, *labels, "</svg>", ""])


def _box(number: int, name: str) -> str:
    top = number * _ROW + (_ROW - _BOX) // 2
    first, second = _halves(summary(PACKAGE / name / "__init__.py").replace("`", ""))
    return (
        f'<rect class="box" x="1" y="{top}" width="{_BOX_WIDTH}" height="{_BOX}" rx="6"/>'
        f'<text class="name" x="12" y="{top + 27}">{name}</text>'
        f'<text class="what" x="104" y="{top + (20 if second else 27)}">{escape(first)}</text>'
        f'<text class="what" x="104" y="{top + 34}">{escape(second)}</text>'
    )


def _halves(text: str) -> tuple[str, str]:
    """A text on one line or on two."""
    if len(text) <= 50:
        return text, ""
    middle = min((match.start() for match in re.finditer(" ", text)), key=lambda at: abs(at - len(text) // 2))
    return text[:middle], text[middle + 1 :]


def _ends(above: int, below: int) -> tuple[float, float, float]:
    """The heights at which an arrow leaves and arrives, and how far to the right it reaches."""
    start = below * _ROW + _ROW / 2 - 16 + (below - above) * 1.5
    end = above * _ROW + _ROW / 2 + 16 - (below - above) * 1.5
    return start, end, (below - above) * _REACH + 10


def _arrow(above: int, below: int, count: int) -> str:
    start, end, reach = _ends(above, below)
    x, far = _BOX_WIDTH + 2, _BOX_WIDTH + 2 + reach * 4 / 3
    width = 1 + min(count, 60) / 20
    return f'<path class="arrow" stroke-width="{width:.1f}" marker-end="url(#head)" d="M{x} {start}C{far:.0f} {start} {far:.0f} {end} {x} {end}"/>'  # noqa: E501


def _label(above: int, below: int, count: int) -> str:
    start, end, reach = _ends(above, below)
    return f'<text class="count under" x="{_BOX_WIDTH + 2 + reach:.0f}" y="{(start + end) / 2 + 4:.0f}">{count}</text>'


def table() -> str:
    """The rooms, what is done there, and their modules, as a table of Markdown."""
    lines = ["| room | what is done there | modules |", "|---|---|---|"]
    for name in ROOMS:
        home = PACKAGE / name
        modules = [path.relative_to(home).with_suffix("").as_posix() for path in sorted(home.rglob("*.py"))
                   if path.stem not in ("__init__", "__main__")]  # fmt: skip
        lines.append(f"| [{name}](../reasoner/{name}) | {summary(home / '__init__.py')} | {', '.join(modules)} |")
    top = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")
    lines.append(f"| [reasoner](../reasoner) | What every room may use. | {', '.join(top)} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page with the table as it is today."""
    before, _, rest = PAGE.read_text("utf-8").partition(START)
    return f"{before}{START}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PICTURE.write_text(picture(), "utf-8")
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PICTURE.name} and {PAGE.name} are written\n")
