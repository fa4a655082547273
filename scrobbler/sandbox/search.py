"""Search: by text, by exact title, by id."""

from collections.abc import Iterable
from typing import TypeAlias

from scrobbler.sandbox.call import Access, Call, get
from scrobbler.sandbox.replies import Refused, Reply, malformed, paged
from scrobbler.sandbox.spelling import fold
from scrobbler.sandbox.titles import Episode, Kind, Movie, Season, Show, named

DEFAULT_LIMIT = 50
EXACT = 1000
"""The score of a look-up, which is no matter of degree."""
ID_TYPES = ("trakt", "imdb", "tmdb", "tvdb")
SEARCHED = {"movie": Kind.MOVIE, "show": Kind.SHOW, "episode": Kind.EPISODE}
ELSEWHERE = {"person", "list"}
"""Types that the service has and this catalogue holds none of."""

Found: TypeAlias = Movie | Show | Episode


def text(call: Call) -> Reply:
    """``GET /search/{types}?query=``: the best first. No score is worth a threshold, here or there."""
    kinds = _kinds(call.params["types"])
    words = fold(_query(call)).split()
    titles_only = call.query.get("fields") == "title"
    hits = [(_score(words, item, titles_only=titles_only), item) for item in _items(call, kinds)]
    best = sorted((hit for hit in hits if hit[0] > 0), key=lambda hit: -hit[0])
    return _listed(call, best)


def exact(call: Call) -> Reply:
    """``GET /search/{movie|show}/exact?query=``: those of this very title."""
    kinds = _kinds(call.params["types"])
    wanted = fold(_query(call))
    hits: list[tuple[float, Found]] = [(EXACT, item) for item in _items(call, kinds) if fold(item.title) == wanted]
    return _listed(call, hits)


def by_id(call: Call) -> Reply:
    """``GET /search/{id_type}/{id}?type=``: one for each kind that has such an id; without ``type``, of any kind."""
    name, ref = call.params["id_type"], call.params["id"]
    if name not in ID_TYPES:
        raise Refused(404)
    value: int | str | None = ref
    if name != "imdb":
        value = int(ref) if ref.isascii() and ref.isdigit() and len(ref) < 19 else None
    hits: list[tuple[float, Found]] = []
    for kind in _kinds(call.query.get("type") or ",".join(SEARCHED)):
        found = call.world.catalogue.find(kind, name, value) if value is not None else None
        if found is not None and not isinstance(found, Season):
            hits.append((EXACT, found))
    return _listed(call, hits)


def _query(call: Call) -> str:
    """The text; a backslash makes a special character plain, and here all of them are."""
    query = call.query.get("query", "").replace("\\", "")
    if not query.strip():
        raise malformed("A query is needed.")
    return query


def _kinds(types: str) -> list[Kind]:
    names = types.split(",")
    if not SEARCHED.keys() | ELSEWHERE >= set(names):
        raise Refused(404)
    return [SEARCHED[name] for name in names if name in SEARCHED]


def _items(call: Call, kinds: list[Kind]) -> Iterable[Found]:
    catalogue = call.world.catalogue
    lists: dict[Kind, Iterable[Found]] = {
        Kind.MOVIE: catalogue.movies,
        Kind.SHOW: catalogue.shows,
        Kind.EPISODE: catalogue.episodes,
    }
    return (item for kind in kinds for item in lists[kind])


def _score(words: list[str], item: Found, *, titles_only: bool) -> float:
    """How well the words fit the best of the item's titles; 0 where fewer than half of them do."""
    return max((_fit(words, fold(title).split()) for title in _titles(item, titles_only=titles_only)), default=0)


def _titles(item: Found, *, titles_only: bool) -> list[str]:
    if isinstance(item, Episode):
        return [item.title, f"{item.show.title} {item.title}"]
    if titles_only:
        return [item.title]
    aliases = [alias.title for alias in item.aliases]
    translations = [translation.title for translation in item.translations]
    return [item.title, item.original_title or item.title, *aliases, *translations]


def _fit(words: list[str], title: list[str]) -> float:
    met = len(set(words) & set(title))
    if not words or met * 2 < len(set(words)):
        return 0
    return round(100 * met / len(set(words)) + 50 * met / len(set(title)), 4)


def _listed(call: Call, hits: list[tuple[float, Found]]) -> Reply:
    rows, headers = paged(hits, **call.page(default=DEFAULT_LIMIT))
    full = call.extended("full")
    body = [{"type": item.key[0].value, "score": score} | named(item, full=full) for score, item in rows]
    return Reply(body=body, headers=headers)


ROUTES = (
    get("/search/{types}", text, Access.APP),
    get("/search/{types}/exact", exact, Access.APP),
    get("/search/{id_type}/{id}", by_id, Access.APP),
)
