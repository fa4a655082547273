"""One file, read as a whole; every mistake in it is one line that names file, line, key and what is allowed."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrobbler.adapters import Options
from scrobbler.errors import ConfigError
from scrobbler.filters import Filter, Genre
from scrobbler.settings import config
from scrobbler.settings.config import load, parse
from scrobbler.settings.tables import Notify
from scrobbler.settings.toml import Document

FILE = Path("config.toml")
NO_TITLE = "a rule names a film or a show by its address or id, such as tt0113277 or tmdb:tv:1396"


def test_without_a_file_the_defaults_watch_mpv(tmp_path: Path) -> None:
    found = load()
    assert found.path is None
    assert list(found.players) == ["mpv"]
    assert found.accounts == ("default",)
    assert found.trakt.api_url == "https://api.trakt.tv"
    assert found.server is None
    assert found.state_dir == tmp_path / "state" / "scrobbler"
    assert found.keep_days == 365


def test_everything_can_be_set(tmp_path: Path) -> None:
    found = parse(
        f"""
        [trakt]
        api_url = "http://127.0.0.1:9000"
        auth_url = "http://127.0.0.1:9000/auth"
        client_id = "abc"
        client_secret = "def"
        [accounts.marta]
        [players.mpv]
        [players.bedroom]
        kind = "mpv"
        account = "marta"
        sockets = ["{tmp_path}/one", "{tmp_path}/two"]
        [server]
        listen = "0.0.0.0:80"
        [state]
        dir = "{tmp_path}/state"
        keep_days = 30
        [scrobble]
        threshold = 90
        """,
        FILE,
    )
    assert found.accounts == ("marta", "default")
    assert found.players["bedroom"].kind == "mpv"
    assert found.players["bedroom"].account == "marta"
    assert found.server is not None
    assert found.server.address() == ("0.0.0.0", 80)
    assert found.state_dir == tmp_path / "state"
    assert found.keep_days == 30
    assert (found.scrobble.threshold, found.scrobble.really_watched, found.scrobble.at_threshold) == (90.0, 0.0, False)


def test_users_and_filters_are_a_players_own() -> None:
    found = parse(
        """
        [accounts.marta]
        [accounts.paul]
        [filter]
        shorter_than = 10
        [players.plex]
        account = "marta"
        users = { "Marta K." = "marta", "2" = "paul", "*" = "default" }
        [players.plex.filter]
        ignore_libraries = ["Kids"]
        allow = ["live"]
        [players.emby]
        """,
        FILE,
    )
    assert found.players["plex"].users == {"Marta K.": "marta", "2": "paul", "*": "default"}
    assert found.players["emby"].users is None
    assert found.filter == Filter(shorter_than=10)
    assert found.players["plex"].filter == Filter(ignore_libraries=("Kids",), allow=(Genre.LIVE,))
    assert found.players["emby"].filter == Filter()


def test_where_users_decide_a_players_own_account_is_none_of_the_programs() -> None:
    text = '[accounts.marta]\n[players.plex]\nusers = { "Marta" = "marta" }'
    assert parse(text, FILE).accounts == ("marta",)
    assert parse("[players.plex]\nusers = {}", FILE).accounts == ("default",)
    assert parse("[players.plex]", FILE).accounts == ("default",)


def test_an_address_may_be_of_the_sixth_version() -> None:
    found = parse('[server]\nlisten = "[::1]:8722"', FILE)
    assert found.server is not None
    assert found.server.address() == ("::1", 8722)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[trakt\n", "config.toml:1: this is not TOML"),
        ('[trakt]\nclient = "x"', "config.toml:2: trakt.client: there is no such key (did you mean client_id?)"),
        (
            "[trakt]\n\nclient_id = 7",
            "config.toml:3: trakt.client_id: this must be a text in quotes, not a whole number",
        ),
        (
            '[trakt]\nclient_id = "x"\nclient_id_file = "y"',
            "config.toml:3: trakt.client_id_file: there is a trakt.client_id already; one of the two is enough",
        ),
        (
            '[trakt]\nclient_secret_file = "y"\nclient_secret = "x"',
            "config.toml:2: trakt.client_secret_file: there is a trakt.client_secret already",
        ),
        ('[trakt]\napi_url = "trakt.tv"', 'config.toml:2: trakt.api_url: this must be an address such as "https://api'),
        ('[server]\nlisten = "8722"', 'config.toml:2: server.listen: this must be HOST:PORT, such as "127.0.0.1:8722"'),
        ('[server]\nlisten = "localhost:99999"', "config.toml:2: server.listen: this must be HOST:PORT"),
        ("server = 5", "config.toml:1: server: this must be a table, not a whole number"),
        ("[plyers.mpv]", "config.toml:1: plyers: there is no such key (did you mean players?)"),
        (
            "[players.foo]",
            (
                "config.toml:1: players.foo: there is no adapter 'foo'; installed are: "
                "emby, jellyfin, kodi, mpv, plex, tautulli"
            ),
        ),
        ('[players.tv]\nkind = "foo"', "config.toml:2: players.tv.kind: there is no adapter 'foo'"),
        (
            "[players.mpv]\nsokets = []",
            "config.toml:2: players.mpv.sokets: there is no such key (did you mean sockets?)",
        ),
        ("[players]\nmpv = 3", "config.toml:2: players.mpv: this must be a table, written as [players.mpv]"),
        ('[players.mpv]\naccount = "m"', "config.toml:2: players.mpv.account: there is no [accounts.m]"),
        ("[players.mpv]\naccount = '../m'", "config.toml:2: players.mpv.account: this must be letters, digits"),
        ("[accounts.marta]\nx = 1", "config.toml:2: accounts.marta.x: there is no such key"),
        (
            "[accounts]\nmarta = true",
            "config.toml:2: accounts.marta: this must be a table, written as [accounts.marta]",
        ),
        ("players = { mpv = { sokets = 1 } }", "config.toml:1: players.mpv.sokets: there is no such key"),
        ("[state]\nkeep_days = 0", "config.toml:2: state.keep_days: this must be a number of days from 1 to 36500"),
        ("[state]\nkeep_days = 36501", "config.toml:2: state.keep_days: this must be a number of days"),
        ("[state]\nkeep_days = 1.5", "config.toml:2: state.keep_days: this must be a number of days"),
        ("[scrobble]\nthreshold = 75", "config.toml:2: scrobble.threshold: this must be a percent from 80 to 100"),
        ("[scrobble]\nthreshold = nan", "config.toml:2: scrobble.threshold: this must be a percent from 80 to 100"),
        ("[scrobble]\nreally_watched = -1", "config.toml:2: scrobble.really_watched: this must be a percent from 0"),
        ('[scrobble]\nat_threshold = "no"', "config.toml:2: scrobble.at_threshold: this must be true or false"),
        ("[scrobble]\ntreshold = 90", "config.toml:2: scrobble.treshold: there is no such key (did you mean threshold"),
        (
            '[notify]\n\ntargets = "ntfy://ntfy.sh/hush"',
            'config.toml:3: notify.targets: this must be a list of addresses such as "ntfy://ntfy.sh/my-topic", or ',
        ),
        ('[notify]\ntargets = ["hush"]', "config.toml:2: notify.targets: this must be a list of addresses such as"),
        ('[notify]\ntargets = ["a://hush", 7]', "config.toml:2: notify.targets: this must be a list of addresses such"),
        ('[notify]\ntarget = ["a://hush"]', "config.toml:2: notify.target: there is no such key (did you mean targets"),
        ('[state]\n# a comment\n"dir" = 3', "config.toml:3: state.dir: this must be a text in quotes"),
        (
            '[players.plex]\nusers = { "Kim" = "k" }',
            "config.toml:2: players.plex.users.Kim: there is no [accounts.k]; known are: default",
        ),
        (
            '[players.plex.users]\n"Kim K." = "default"\n"kim  k." = "default"',
            "config.toml:3: players.plex.users.kim  k.: this is 'Kim K.' once more: case and spaces make no difference",
        ),
        ('[players.plex.users]\n" " = "default"', "config.toml:2: players.plex.users. : a user has a name or an id"),
        (
            "[players.plex]\nusers = [1]",
            'config.toml:2: players.plex.users: this must be a table such as { "Marta K." = "marta" }, not a list',
        ),
        (
            "[players.plex.users]\nkim = 5",
            "config.toml:1: players.plex.users: this must be a table such as",
        ),
        (
            '[filter]\nignore_paths = ["/a", "Kids"]',
            "config.toml:2: filter.ignore_paths: 'Kids' fits no path: write a whole one",
        ),
        (
            '[players.plex.filter]\nonly_paths = ["~no-such-user/x"]',
            "config.toml:2: players.plex.filter.only_paths: '~no-such-user/x': there is no user of that name here",
        ),
        ('[filter]\n\nallow = ["music"]', 'config.toml:3: filter.allow: this must be a list that may hold "live"'),
        ('[filter]\nignore_user = ["x"]', "config.toml:2: filter.ignore_user: there is no such key (did you mean ign"),
        ('[filter]\nonly_users = "x"', 'config.toml:2: filter.only_users: this must be a list of names such as "Kids"'),
        ("[filter]\nshorter_than = -1", "config.toml:2: filter.shorter_than: this must be a number of minutes from 0"),
        ("[players.mpv]\nfilter = 5", "config.toml:2: players.mpv.filter: this must be a table"),
        ("[players.mpv.filter]\nx = 5", "config.toml:2: players.mpv.filter.x: there is no such key"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, FILE)
    assert str(caught.value).startswith(words), str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hush" not in str(caught.value)


def test_what_needs_the_user_is_said_on_his_desktop_unless_he_names_other_targets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert parse("", FILE).targets.addresses == ()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus")
    assert parse("", FILE).targets.addresses == ("desktop",)
    assert parse("[notify]\ntargets = []", FILE).targets.addresses == ()
    chosen = parse('[notify]\n\ntargets = ["ntfy://ntfy.sh/hush", "desktop"]', FILE).targets
    assert chosen.addresses == ("ntfy://ntfy.sh/hush", "desktop")
    assert chosen.place == "config.toml:3: notify.targets"


@pytest.mark.parametrize(
    ("text", "line"), [("[accounts.'a b']", 1), ("\n[accounts]\n'../x' = {}", 3), ("[accounts.a]\n[accounts.'']", 2)]
)
def test_an_account_has_a_name_that_can_be_a_file(text: str, line: int) -> None:
    with pytest.raises(ConfigError, match=f"config.toml:{line}: accounts.*letters, digits"):
        parse(text, FILE)


def test_the_option_stands_above_the_environment_and_that_above_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_option, by_environment = tmp_path / "option.toml", tmp_path / "environment.toml"
    by_option.write_text('[trakt]\nclient_id = "option"\n[state]\ndir = "/from-file"')
    by_environment.write_text('[trakt]\nclient_id = "environment"')
    monkeypatch.setenv("SCROBBLER_CONFIG", str(by_environment))
    assert load().trakt.client_id == "environment"
    assert load(by_option).trakt.client_id == "option"
    assert load(by_option).state_dir == Path("/from-file")
    monkeypatch.setenv("SCROBBLER_STATE", str(tmp_path / "s"))
    assert load(by_option).state_dir == tmp_path / "s"


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load(tmp_path / "nowhere.toml")
    monkeypatch.setenv("SCROBBLER_CONFIG", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ConfigError, match=r"nowhere\.toml: there is no such file"):
        load()


def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match="byte 5 is not UTF-8"):
        load(latin)


def test_a_key_that_an_adapter_needs_is_named() -> None:
    class Needy(Options, frozen=True, kw_only=True):
        address: str

    with pytest.raises(ConfigError, match=r"config\.toml:2: players\.tv\.address: this key is needed"):
        Document(FILE, "\n[players.tv]").table(("players", "tv"), Needy)


def test_the_secret_is_in_no_representation() -> None:
    assert "hush" not in repr(parse('[trakt]\nclient_secret = "hush"', FILE))
    assert "hush" not in repr(parse('[notify]\ntargets = ["ntfy://ntfy.sh/hush"]', FILE))
    assert "hush" not in repr(parse('[server]\npassword = "hush, hush"', FILE))
    assert "hush" not in repr(Notify(targets=("ntfy://ntfy.sh/hush",)))


@given(
    st.dictionaries(st.text(max_size=8), st.recursive(st.integers() | st.text() | st.booleans(), st.lists), max_size=3)
)
def test_no_content_at_all_is_more_than_a_clear_line(content: dict[str, object]) -> None:
    lines = "\n".join(f"{_quoted(key)} = {_toml(value)}" for key, value in content.items())
    for text in (lines, f"[trakt]\n{lines}", f"[players.mpv]\n{lines}"):
        with contextlib.suppress(ConfigError):
            parse(text, FILE)


def _quoted(text: str) -> str:
    return '"' + text.encode("unicode_escape").decode().replace('"', "_").replace("\\", "_") + '"'


def _toml(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return _quoted(value) if isinstance(value, str) else str(value).lower()


def test_the_default_path_is_in_the_users_folder(tmp_path: Path) -> None:
    assert config.default_path() == tmp_path / "config" / "scrobbler" / "config.toml"


# Rules


def test_rules_are_read_in_their_order_and_know_their_lines() -> None:
    kids, office = parse(
        """[[rules]]
path = "~/Kids"
ignore = true

[[rules]]
show = "Office"
item = "https://trakt.tv/shows/the-office/seasons/2"
episode_offset = -13
""",
        FILE,
    ).rules
    assert (kids.where, kids.path, kids.item) == ("config.toml:1", "~/Kids", None)
    assert (office.where, office.show, office.season, office.episode_offset) == ("config.toml:5", "Office", 2, -13)
    assert office.item is not None
    assert office.item.ids.slug == "the-office"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rules = 1", "config.toml:1: rules: this must be tables, each written as [[rules]]"),
        ("[rules]\nshow = 'X'", "config.toml:1: rules: this must be tables, each written as [[rules]]"),
        ("[[rules]]\nitem = 'tt1'", "config.toml:1: rules: a rule needs one of path, show, title, library: what it"),
        ("[[rules]]\nshow = 'X'", "config.toml:1: rules: a rule needs item, or ignore = true"),
        ("[[rules]]\nshow = ''", "config.toml:2: rules.show: this must be a text that is not empty"),
        (
            "[[rules]]\nshow = 'X'\nitem = 'tt1'\n[[rules]]\nshow = 'Y'\nitme = 'tt2'",
            "config.toml:6: rules.itme: there is no such key (did you mean item?)",
        ),
        (
            "[[rules]]\nshow = 'X'\nitem = 'tt1'\n[[rules]]\nshow = 'Y'\nseason = '2'",
            "config.toml:6: rules.season: this must be a season's number, not a text in quotes",
        ),
        (
            "[[rules]]\nshow = 'X'\nepisode_offset = 1000000\nitem = 'tt1'",
            "config.toml:3: rules.episode_offset: this must be a whole number, as 13 or -12",
        ),
        (
            "[[rules]]\nshow = 'X'\nignore = true\nitem = 'tt1'",
            "config.toml:4: rules.item: either item or ignore = true, not both",
        ),
        (
            "[[rules]]\nshow = 'X'\nignore = true\nseason = 2",
            "config.toml:4: rules.season: this goes with item, and not with ignore = true",
        ),
        ("[[rules]]\npath = 'X'\nignore = true", "config.toml:2: rules.path: 'X' fits no path: write a whole one"),
        ("[[rules]]\nshow = 'X'\nitem = 'Heat (1995)'", f"config.toml:3: rules.item: {NO_TITLE}"),
        (
            "[[rules]]\nshow = 'X'\nitem = 'https://thetvdb.com/dereferrer/episode/5'",
            f"config.toml:3: rules.item: {NO_TITLE}",
        ),
        (
            "[[rules]]\nshow = 'X'\nitem = 'https://thetvdb.com/series/x'",
            "config.toml:3: rules.item: TVDb's id is not in this address, only the name 'x': give an address",
        ),
        (
            "[[rules]]\nshow = 'X'\nitem = 'tmdb:movie:603'\nepisode_offset = 1",
            "config.toml:4: rules.episode_offset: this goes with a show, and item is a film",
        ),
        (
            "[[rules]]\nshow = 'X'\nitem = 'tmdb:tv:603 s01e02'",
            "config.toml:3: rules.item: a rule is of a whole show or season: one file is corrected with",
        ),
        (
            "[[rules]]\nshow = 'X'\nitem = 'tmdb:tv:603 s2'\nseason = 3",
            "config.toml:4: rules.season: there is a season in item already; one of the two is enough",
        ),
    ],
)
def test_a_wrong_rule_is_one_line_that_says_what_is_allowed(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(text, FILE)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
