"""The tables in ``spec/``, as tests read them."""

from pathlib import Path

SPEC = Path(__file__).parent.parent / "spec"


def rows(page: str, *columns: str) -> list[tuple[str, ...]]:
    """The rows of the table on a page whose heading begins with these columns; backquotes are left out."""
    lines = iter((SPEC / page).read_text().splitlines())
    for line in lines:
        if _cells(line)[: len(columns)] == columns:
            next(lines)
            found: list[tuple[str, ...]] = []
            while (line := next(lines, "")).startswith("|"):
                found.append(_cells(line)[: len(columns)])
            return found
    raise LookupError(f"spec/{page} has no table with the columns {', '.join(columns)}")


def _cells(line: str) -> tuple[str, ...]:
    return tuple(cell.strip().replace("`", "") for cell in line.strip().strip("|").split(" | ")) if "|" in line else ()
