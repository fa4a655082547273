"""The catalogue's pages: one movie or show, its seasons and episodes, aliases and translations."""

from collections.abc import Callable

from scrobbler.sandbox.call import Access, Call, Service, get
from scrobbler.sandbox.replies import Refused, Reply
from scrobbler.sandbox.titles import Movie, Season, Show


def _movie(call: Call) -> Movie:
    found = call.world.catalogue.movie(call.params["id"])
    if found is None:
        raise Refused(404)
    return found


def _show(call: Call) -> Show:
    found = call.world.catalogue.show(call.params["id"])
    if found is None:
        raise Refused(404)
    return found


def _season(call: Call) -> Season:
    number = call.params["season"]
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Refused(404)
    found = call.world.catalogue.season(_show(call), int(number))
    if found is None:
        raise Refused(404)
    return found


def movie(call: Call) -> Reply:
    """``GET /movies/{id}``: by Trakt id, slug or IMDb id."""
    return Reply(body=_movie(call).wire(full=call.extended("full")))


def show(call: Call) -> Reply:
    """``GET /shows/{id}``: by Trakt id, slug or IMDb id."""
    return Reply(body=_show(call).wire(full=call.extended("full")))


def seasons(call: Call) -> Reply:
    """``GET /shows/{id}/seasons``: ``extended=episodes`` nests them."""
    full, nested = call.extended("full"), call.extended("episodes")
    found = call.world.catalogue.seasons(_show(call))
    return Reply(body=[season.wire(full=full, episodes=nested) for season in found])


def season(call: Call) -> Reply:
    """``GET /shows/{id}/seasons/{season}``: its episodes, flat."""
    return Reply(body=[episode.wire(full=call.extended("full")) for episode in _season(call).episodes])


def episode(call: Call) -> Reply:
    """``GET /shows/{id}/seasons/{season}/episodes/{episode}``."""
    for each in _season(call).episodes:
        if str(each.number) == call.params["episode"]:
            return Reply(body=each.wire(full=call.extended("full")))
    raise Refused(404)


def _titles(path: str, find: Callable[[Call], Movie | Show]) -> tuple[Service, ...]:
    def aliases(call: Call) -> Reply:
        return Reply(body=[alias.wire() for alias in find(call).aliases])

    def translations(call: Call) -> Reply:
        language = call.params.get("language")
        found = [each for each in find(call).translations if language in {None, each.language}]
        return Reply(body=[each.wire() for each in found])

    return (
        get(f"{path}/aliases", aliases, Access.APP),
        get(f"{path}/translations", translations, Access.APP),
        get(f"{path}/translations/{{language}}", translations, Access.APP),
    )


ROUTES = (
    get("/movies/{id}", movie, Access.APP),
    get("/shows/{id}", show, Access.APP),
    get("/shows/{id}/seasons", seasons, Access.APP),
    get("/shows/{id}/seasons/{season}", season, Access.APP),
    get("/shows/{id}/seasons/{season}/episodes/{episode}", episode, Access.APP),
    *_titles("/movies/{id}", _movie),
    *_titles("/shows/{id}", _show),
)
