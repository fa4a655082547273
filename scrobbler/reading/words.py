"""The words that people and release groups put into names beside a title: quality, seasons, shelves, cameras.

Each is matched without case and only as a whole word. A *mark* is a word that no title has (``1080p``, ``BluRay``); a
*label* may be in a title as well (``Extended``), so it counts only next to a year, a number or a mark.
"""

import re
from typing import Final

from scrobbler.reading.pattern import regex
from scrobbler.trakt.titles import fold

BEGIN: Final = r"(?<![a-z0-9])"
END: Final = r"(?![a-z0-9])"
"""Where a word of ASCII begins and ends; a neighbour in another script is no part of it."""


def _word(pattern: str) -> re.Pattern[str]:
    return regex(rf"{BEGIN}(?:{pattern}){END}", re.IGNORECASE)


SOURCE: Final = _word(
    r"blu-?ray|bd-?rip|br-?rip|bdmux|bdremux|uhd[ .-]?blu-?ray|remux|web-?dl|web-?rip|web-?mux"
    r"|(?-i:WEB)|web(?=[ ._-](?:[xh][ .]?26|av1|\d{3,4}p))"
    r"|hdtv(?:rip)?"
    r"|[pd]sr|pdtv|sdtv|dsrip|sat-?rip|dvb(?:rip)?|tv-?rip|hd-?rip|hdtc|hd-?ts|telesync|camrip|hdcam|vhs-?rip"
    r"|dvd-?rip|dvd-?r|dvd[59]|dvdscr|screener|dvd|vod-?rip|(?-i:BD)"
)
CODEC: Final = _word(r"[xh][ .]?26[456]|hevc|xvid|divx|av1|vc-?1|avc|mpeg-?[24]|10-?bits?|hi10p?|8-?bits?|h\.?264")
RESOLUTION: Final = _word(r"[2-9]\d\d[pi]|[12]\d{3}[pi]|4k|8k|uhd|\d{3,4}x\d{3,4}")
SOUND: Final = _word(
    r"aac(?:[ .]?\d[ .]\d)?|e?-?ac-?3|ddp?\+?[ .]?[257][ .][01]|dd5|dts(?:-?(?:hd|x|es))?|truehd|atmos|flac"
    r"|opus|[257]\.1"
)
MARK: Final = regex("|".join(found.pattern for found in (SOURCE, CODEC, RESOLUTION, SOUND)), re.IGNORECASE)
"""Any word that no title has."""

LABEL: Final = _word(
    r"extended|uncut|unrated|remastered|restored|theatrical|(?:director'?s|final|special|ultimate|fan|theatrical)"
    r"[ ._]?(?:cut|edition|edit)|edition|imax|criterion|anniversary|proper|repack|rerip|real|internal|limited|dubbed"
    r"|subbed|multi|dual|dl|german|french|vostfr|vff|truefrench|italian|ita|spanish|castellano|latino|russian|rus|eng"
    r"|english|hindi|nordic|swedish|swesub|danish|norwegian|finnish|dutch|nl|polish|pl|korean|japanese|chinese|jpn"
    r"|hdr(?:10)?\+?|dv|dovi|sdr|3d|hsbs|h?-?ou|open[ .]matte|amzn|nf|netflix|dsnp|hulu|hmax|max|atvp|pcok|pmtp|itunes"
    r"|ip|stan|crav|cr|hdma|ma|colou?ri[sz]ed|complete|readnfo|retail|ws|fs|cam|ts|tc|r5|v[2-4]|oar|dubs?|subs?|omu"
    r"|ger|deu|fra|esp|ukr|mvo|dvo|avo|lq|hq"
)
TELEVISION: Final = _word(
    r"hdtv(?:rip)?|pdtv|dsr|sdtv|dsrip|tv-?rip|web-?dl|web-?rip|(?-i:WEB)"
    r"|web(?=[ ._-](?:[xh][ .]?26|av1))|dvb(?:rip)?|sat-?rip"
)
"""Sources of what was on television: only there a bare 102 may be an episode."""

SEASON: Final = (
    r"season|series|staffel|saison|stagione|temporada|seizoen|сезон|säsong|sæson|sesong|sezon|sezóna|série|seria"
    r"|kausi|évad|sezonul|σεζόν|الموسم|עונה|シーズン|시즌|ซีซั่น|mùa|musim"
)
EPISODE: Final = (
    r"episode|épisode|episodio|episódio|capitulo|capítulo|puntata|folge|aflevering|серия|эпизод|выпуск|avsnitt"
    r"|afsnit|odcinek|jakso|epizód|bölüm|επεισόδιο|الحلقة|حلقة|פרק|エピソード|에피소드|tập|díl|epizoda|episodul"
)
"""``Season`` and ``episode`` as libraries of the world spell them; alternatives of a pattern."""

SPECIALS: Final = frozenset(
    fold(name)
    for name in (
        *("specials", "special", "season 0", "season 00", "s00", "staffel 0", "saison 0", "temporada 0", "stagione 0"),
        *("spezial", "specialer", "especiales", "especiais", "speciali", "спецвыпуски", "спешлы", "特典", "特別編"),
        *("spéciaux", "hors-série", "sezon 0", "сезон 0", "seizoen 0", "specjalne", "番外"),
    )
)
FILM_SHELVES: Final = frozenset(
    fold(name)
    for name in (
        *("movies", "movie", "films", "film", "filme", "spielfilme", "cinema", "películas", "peliculas", "pelis"),
        *("filmes", "filmer", "elokuvat", "фильмы", "кино", "映画", "电影", "電影", "영화", "أفلام", "filmy", "filmek"),
        *("movies 4k", "4k movies", "movies-4k", "movies hd", "kids movies", "anime movies", "films 4k", "ταινίες"),
        *("filmler", "סרטים", "kinofilme"),
    )
)
SHOW_SHELVES: Final = frozenset(
    fold(name)
    for name in (
        *("tv", "tv shows", "tvshows", "tv-shows", "shows", "series", "serien", "séries", "serie", "serie tv", "anime"),
        *("anime series", "animes", "сериалы", "аниме", "дорамы", "ドラマ", "アニメ", "剧集", "电视剧", "番剧", "動漫"),
        *("드라마", "애니", "مسلسلات", "dizi", "diziler", "seriale", "serier", "television", "fernsehen", "cartoons"),
        *(
            "kids tv",
            "tv series",
            "series tv",
            "dramas",
            "kdrama",
            "sarjat",
            "σειρές",
            "סדרות",
            "docuseries",
            "k-drama",
        ),
    )
)
"""Folders that hold a library of one kind, by the names that people give them."""

SHELVES: Final = (
    FILM_SHELVES
    | SHOW_SHELVES
    | frozenset(
        fold(name)
        for name in (
            *("downloads", "download", "complete", "completed", "incomplete", "torrents", "torrent", "usenet", "nzb"),
            *("media", "video", "videos", "data", "mnt", "home", "user", "users", "share", "shares", "nas", "storage"),
            *(
                "volume1",
                "volumes",
                "public",
                "srv",
                "opt",
                "tmp",
                "temp",
                "library",
                "plex",
                "jellyfin",
                "emby",
                "kodi",
            ),
            *("new", "unsorted", "inbox", "desktop", "documents", "recordings", "dvr", "pvr", "timeshift", "run"),
            *("hdd", "disk", "drive", "usb", "external", "dl", "done", "finished", "seeding", "rips", "documentaries"),
            *("kids", "kinder", "drama", "comedy", "archive", "backup", "stuff", "misc", "watched", "to watch", "m"),
            *("загрузки", "видео", "мультфильмы", "descargas", "téléchargements", "aufnahmen", "vidéos", "dcim"),
            *("camera", "camera roll", "watch", "queue", "nfs", "smb", "root", "disk1", "disk2", "pictures", "photos"),
        )
    )
)
"""Folders that say nothing of what lies in them."""

_CAMERA: Final = regex(
    r"(?:vid|img|dsc[fn]?|mvi|mov|pxl|gopr|gx|gh|gp|dji|clip|video|cam|pano|inshot|snapchat|trim|signal|telegram|tiktok"
    r"|whatsapp[ ._-]video|screen[ ._-]?(?:recording|capture|cast|rec|record)?|bildschirmaufnahme|recording|rec|record"
    r"|new[ ._-]recording|aufnahme|aufzeichnung|запись|grabación|enregistrement|untitled|unbenannt|output|out|input"
    r"|test|sequence|final|export|render|timeline|capture|zoom|gmt|meeting|teams|obs|simplescreenrecorder|kazam"
    r"|peek|loom|stream|live|movie|file|track|title|title_t|vts|track|capture|download|videoplayback|index|playlist"
    r"|master|manifest|chunklist|segment|media|dashcam|rpreplay|lv|fullsizerender|copy|new|my[ ._-]movie|quick[ ._-]"
    r"|无标题|未命名|新录音|録画|屏幕录制|録音|동영상|녹화)"
    r"(?:[ ._-]?(?:video|recording|movie|clip|file|copy|final|edit|export|t))?"
    r"(?:[\s\d._()\[\]:#@~+-]|\d+x\d+|T(?=\d)|WA(?=\d)|at|um|às|à|am|pm|copy|final|edit|from|recording|z(?=\W|_|$))*",
    re.IGNORECASE,
)
_NO_WORD: Final = regex(r"[\W\d_]*")
_HASH: Final = regex(r"[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HOME: Final = frozenset(
    fold(word)
    for word in (
        *(
            "holiday",
            "holidays",
            "vacation",
            "wedding",
            "birthday",
            "christmas",
            "xmas",
            "easter",
            "party",
            "trip",
            "my",
        ),
        *(
            "family",
            "kids",
            "baby",
            "garden",
            "dog",
            "cat",
            "beach",
            "school",
            "graduation",
            "urlaub",
            "hochzeit",
            "of",
        ),
        *(
            "geburtstag",
            "weihnachten",
            "vacances",
            "mariage",
            "anniversaire",
            "noël",
            "vacaciones",
            "boda",
            "cumpleaños",
        ),
        *("свадьба", "отпуск", "ferie", "semester", "bryllup", "matrimonio", "vacanze", "summer", "winter", "sommer"),
        *(
            "and",
            "the",
            "in",
            "at",
            "our",
            "concert",
            "lecture",
            "presentation",
            "tutorial",
            "demo",
            "day",
            "new",
            "year",
        ),
        *("recording", "video", "clip", "footage", "raw", "edit", "final", "grandma", "grandpa", "oma", "opa", "home"),
        *("reunion", "picnic", "camping", "zoo", "ski", "honeymoon", "newyear", "silvester", "screen", "whatsapp"),
        *(
            "meeting",
            "zoom",
            "call",
            "interview",
            "webinar",
            "homevideo",
            "movie",
            "film",
            "мой",
            "моя",
            "день",
            "рождения",
        ),
        *(
            "ausflug",
            "garten",
            "new years eve",
            "eve",
            "mom",
            "dad",
            "lena",
            "first",
            "steps",
            "dashcam",
            "drone",
            "gopro",
        ),
    )
)


def is_junk(stem: str) -> bool:
    """Whether a name is one that cameras, recorders and converters give, or of signs and digits only."""
    return bool(_NO_WORD.fullmatch(stem) or _CAMERA.fullmatch(stem) or _HASH.fullmatch(stem))


def is_home(title: str) -> bool:
    """Whether a title is of nothing but words that people give to their own videos."""
    words = [fold(word) for word in re.split(r"[\W_]+", title) if word]
    return any(word in _HOME for word in words) and all(word in _HOME or word.isdigit() for word in words)
