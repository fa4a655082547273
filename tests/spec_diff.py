"""Compares a description of Trakt's API with ours. Run by make spec-diff FROM=FILE|URL; exits 0, 1 or 2."""

import csv
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from contract import METHODS, contract
from msgspec import Struct
from tables import SPEC

ENDPOINTS: Final = SPEC / "trakt" / "endpoints.tsv"
MARKS: Final = ("oauth", "pagination", "extended", "filters", "vip", "emoji")
COLUMNS: Final = ("method", "path", *MARKS, "group", "name")
LARGEST: Final = 20 << 20
"""Bytes; Trakt's descriptions are about one mebibyte."""

_GROUP: Final = re.compile(r"##? Group (?P<group>.+)")  # two of the groups have one hash too many
_RESOURCE: Final = re.compile(r"## (?P<name>.+?) \[?(?P<path>/[^\]]*)\]")  # one resource has no opening bracket
_ACTION: Final = re.compile(r"### (?P<name>.+?) \[(?P<method>[A-Z]+)(?: (?P<path>/[^\]]*))?\]")
_ICONS: Final = re.compile(r"&#\d+;|[*\U0001F300-\U0001FAFF]")  # the words count: an icon was seen to contradict them
_TAGS: Final[Mapping[str, tuple[str, str]]] = {
    "OAuth Required": ("oauth", "required"),
    "OAuth Optional": ("oauth", "optional"),
    "Pagination Optional": ("pagination", "optional"),
    "Pagination": ("pagination", "yes"),
    "Extended Info": ("extended", "yes"),
    "Filters": ("filters", "yes"),
    "VIP Only": ("vip", "only"),
    "VIP Enhanced": ("vip", "enhanced"),
    "Emojis": ("emoji", "yes"),
}
_ANY_TAG: Final = re.compile("|".join(_TAGS))
"""The longer name first, as in the table."""


class UnreadableError(Exception):
    """What was given is no description of an API."""


class Call(Struct, kw_only=True):
    """One call. A mark, group or name that the source does not tell is missing, and not compared."""

    method: str
    path: str
    told: dict[str, str]

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from others: the names of a path's parameters do not matter."""
        return self.method, re.sub(r"{[^}]*}", "{}", self.path)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def read_endpoints() -> list[Call]:
    """Our own list of all calls."""
    with ENDPOINTS.open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Call(method=row.pop("method"), path=row.pop("path"), told=row) for row in rows]


def read_description(text: str) -> list[Call]:
    """The calls of a Blueprint or of an OpenAPI document, a repeated one once. Raises ``UnreadableError``."""
    calls = list(_blueprint(text) if re.match(r"\ufeff?FORMAT: *1A", text) else _openapi(text))
    if not calls:
        raise UnreadableError("it describes no call")
    first: dict[tuple[str, str], Call] = {}
    for call in calls:
        first.setdefault(call.key, call)
    return list(first.values())


def differences(theirs: list[Call]) -> Iterator[str]:
    """What they have and we do not, what we have and they do not, and what is not the same."""
    ours, given = ({call.key: call for call in calls} for calls in (read_endpoints(), theirs))
    yield from (f"added    {given[key]}" for key in sorted(given.keys() - ours.keys()))
    yield from (f"removed  {ours[key]}" for key in sorted(ours.keys() - given.keys()))
    for key in sorted(ours.keys() & given.keys()):
        told = given[key].told
        for name, was in ours[key].told.items():
            if told.get(name, was) != was:
                yield f"changed  {ours[key]}: {name} was {was!r} and is {told[name]!r}"
    yield from _differences_in_use(given)


def _differences_in_use(given: Mapping[tuple[str, str], Call]) -> Iterator[str]:
    """What concerns the calls that we make, as ``openapi.yaml`` describes them."""
    document = contract().document
    for each in contract().operations:
        about = document["paths"][each.path][each.method.lower()]
        call = find(given, Call(method=each.method, path=each.path, told={}))
        if call is None and "x-not-in-endpoints" not in about:
            yield f"in use   {each.method} {each.path} is not there any more"
        elif call is not None and call.told.get("oauth", needs(each.security)) not in _good_enough(each.security):
            yield f"in use   {each.method} {each.path}: oauth is {call.told['oauth']!r}"


def find(calls: Mapping[tuple[str, str], Call], wanted: Call) -> Call | None:
    """The call, whose path may be written in full: parameters at its end can be left out without any sign of it."""
    method, path = wanted.key
    fitting = (call for (verb, full), call in calls.items() if verb == method and _fits(path, full))
    return min(fitting, key=lambda call: len(call.path), default=None)


def needs(security: Any) -> str:
    """``none``, ``optional`` or ``required``, as our own list has it."""
    return "none" if not security else "required" if all(security) else "optional"


def _good_enough(security: Any) -> set[str]:
    """We may send a token where none is asked for, but not leave out one that is."""
    ours = needs(security)
    return {"required", "optional"} if ours == "required" else {"none", "optional"}


def _fits(path: str, full: str) -> bool:
    wanted, given = path.split("/"), full.split("/")
    rest = given[len(wanted) :]
    return len(wanted) <= len(given) and set(rest) <= {"{}"} and all(map(_same, wanted, given))


def _same(wanted: str, given: str) -> bool:
    return given in {wanted, "{}"}


def _blueprint(text: str) -> Iterator[Call]:
    group = resource = path = ""
    call: Call | None = None
    shared: dict[str, str] = {}
    fenced = False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if fenced or not line.startswith("#"):
            continue
        if found := _GROUP.fullmatch(line.rstrip()):
            group, path, call = found["group"], "", None
        elif found := _RESOURCE.match(line):
            resource, path, call, shared = found["name"], found["path"], None, {}
        elif found := _ACTION.match(line):
            where = re.sub(r"{[?&#][^}]*}", "", found["path"] or path)
            told = {name: "none" if name == "oauth" else "no" for name in MARKS}
            call = Call(
                method=found["method"],
                path=where,
                told=told | shared | {"group": group, "name": f"{resource} - {found['name']}"},
            )
            yield call
        elif line.startswith("#### "):  # above the first action it holds for all of the resource
            marks = call.told if call is not None else shared
            marks |= _tags(line.removeprefix("#### "))


def _tags(line: str) -> dict[str, str]:
    """The marks of a heading that holds nothing but marks; others only look like one (``Common Filters``)."""
    words = _ICONS.sub(" ", line)
    if _ANY_TAG.sub("", words).strip():
        return {}
    return dict(_TAGS[tag] for tag in _ANY_TAG.findall(words))


def _openapi(text: str) -> Iterator[Call]:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UnreadableError("it is neither an API Blueprint nor OpenAPI") from error
    if not isinstance(document, dict) or "openapi" not in document or not isinstance(document.get("paths"), dict):
        raise UnreadableError("it is neither an API Blueprint nor OpenAPI")
    for path, item in document["paths"].items():
        for method in METHODS:
            if isinstance(item, dict) and isinstance(item.get(method), dict):
                security = item[method].get("security", document.get("security"))
                told = {} if security is None else {"oauth": needs(security)}
                yield Call(method=method.upper(), path=path, told=told)


def _fetched(source: str) -> str:
    try:
        if source.startswith("https://"):
            reply = httpx.get(source, follow_redirects=True, timeout=30, headers={"User-Agent": "spec-diff/1"})
            content = reply.raise_for_status().content
        else:
            content = Path(source).read_bytes()
    except httpx.HTTPError as error:
        raise UnreadableError(str(error).splitlines()[0] or type(error).__name__) from error
    except OSError as error:
        raise UnreadableError(error.strerror or type(error).__name__) from error
    if len(content) > LARGEST:
        raise UnreadableError("it is too large")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UnreadableError("it is no text") from error


def main(*args: str) -> int:
    """Say what differs. 0: nothing, 1: something, 2: there is nothing to compare with."""
    if len(args) != 1 or not args[0]:
        sys.stderr.write("Say what to compare with: make spec-diff FROM=FILE|URL\n")
        return 2
    try:
        theirs = read_description(_fetched(args[0]))
    except UnreadableError as error:
        sys.stderr.write(f"{args[0]} cannot be compared: {error}\n")
        return 2
    found = list(differences(theirs))
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.stdout.write(f"{len(theirs)} calls, {len(found) or 'no'} difference{'s' if len(found) > 1 else ''}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
