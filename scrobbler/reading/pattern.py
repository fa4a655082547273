"""A regular expression that is compiled when it is first used: a hundred take 25 ms, and most names need half."""

import re
from typing import Any, AnyStr, cast


def regex(text: AnyStr, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[AnyStr]:
    """As ``re.compile``, but later; a mistake in it is found no sooner. Its ``pattern`` can be asked at no cost."""
    return cast("re.Pattern[AnyStr]", _Pattern(text, flags))


class _Pattern:
    """Stands for the compiled one. Each of that one's methods becomes its own when it is first called."""

    def __init__(self, text: str | bytes, flags: re.RegexFlag) -> None:
        self.pattern = text
        self._asked = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self.pattern, self._asked), name)
        setattr(self, name, found)
        return found
