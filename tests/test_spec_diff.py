"""A description of the API is compared with ours, whatever form it has, and every difference is told."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from contract import contract
from spec_diff import COLUMNS, ENDPOINTS, Call, find, main, read_description, read_endpoints

HEAD = "FORMAT: 1A\nHOST: https://api.example.org\n\n# An API\n\n"
BLUEPRINT = (
    HEAD
    + """#### Common Filters

# Group Things
Text about [things](/things).

## List [/things/{kind}{?sort,order}]
+ Parameters
    + kind (required, string)

### Get things [GET]
#### &#128275; OAuth Optional &#128196; Pagination Optional &#10024; Extended Info

+ Response 200 (application/json)

    + Body

            {"### Not an action [GET]": 1}

### Add a thing [POST]
#### \U0001f525 **VIP Only** &#128274; &#128274; OAuth Required &#128513; Emojis
#### Possible Filters

## Group Words
## All /words]
#### &#128196; Pagination
### Get words [GET]
#### &#128274; OAuth Optional

```
### In a fence [DELETE]
```

### Drop words [DELETE /words/{word}]
### Get words again [GET]
"""
)


def told(call: Call) -> str:
    return " ".join(
        [str(call), *(f"{name}={value}" for name, value in call.told.items() if value not in {"no", "none"})]
    )


def test_the_list_has_every_call_once_and_in_order() -> None:
    calls = read_endpoints()
    assert ENDPOINTS.read_text().splitlines()[0].split("\t") == list(COLUMNS)
    assert len(calls) == 221
    assert len({call.key for call in calls}) == 221
    keys = [(call.path, call.method) for call in calls]
    assert keys == sorted(keys)


def test_the_list_says_of_each_call_only_what_can_be_said() -> None:
    words = {
        "oauth": {"none", "optional", "required"},
        "pagination": {"no", "optional", "yes"},
        "extended": {"no", "yes"},
        "filters": {"no", "yes"},
        "vip": {"no", "enhanced", "only"},
        "emoji": {"no", "yes"},
    }
    for name, known in words.items():
        assert {call.told[name] for call in read_endpoints()} == known
    assert all(call.told["group"] and call.told["name"] for call in read_endpoints())


def test_every_call_that_we_make_is_in_the_list_or_marked() -> None:
    listed = {call.key: call for call in read_endpoints()}
    for each in contract().operations:
        marked = "x-not-in-endpoints" in contract().document["paths"][each.path][each.method.lower()]
        known = find(listed, Call(method=each.method, path=each.path, told={})) is not None
        assert known is not marked, f"{each.method} {each.path}"


def test_a_blueprint_is_read_with_all_its_oddities() -> None:
    assert [told(call) for call in read_description(BLUEPRINT)] == [
        "GET /things/{kind} oauth=optional pagination=optional extended=yes group=Things name=List - Get things",
        "POST /things/{kind} oauth=required vip=only emoji=yes group=Things name=List - Add a thing",
        "GET /words oauth=optional pagination=yes group=Words name=All - Get words",
        "DELETE /words/{word} pagination=yes group=Words name=All - Drop words",
    ]


def test_an_openapi_document_is_read_as_far_as_it_tells() -> None:
    item = {"get": {"security": []}, "post": {"security": [{}, {"user": []}]}, "put": {}, "parameters": []}
    document = {"openapi": "3.0.3", "security": [{"user": []}], "paths": {"/things/{id}": item}}
    assert [told(call) for call in read_description(json.dumps(document))] == [
        "GET /things/{id}",
        "PUT /things/{id} oauth=required",
        "POST /things/{id} oauth=optional",
    ]
    assert [call.told for call in read_description("openapi: 3.1.0\npaths: {/a: {get: {}}}")] == [{}]


@pytest.fixture
def compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[str], tuple[int, list[str]]]:
    def compare(text: str) -> tuple[int, list[str]]:
        (tmp_path / "theirs").write_text(text)
        status = main(str(tmp_path / "theirs"))
        return status, capsys.readouterr().out.splitlines()

    return compare


def ours(change: Callable[[list[Call]], object] = lambda _: None) -> str:
    """Our own list as a Blueprint, changed in some way."""
    calls = read_endpoints()
    change(calls)
    lines = [HEAD]
    for call in calls:
        resource, _, action = call.told["name"].partition(" - ")
        lines += [f"# Group {call.told['group']}", f"## {resource} [{call.path}]", f"### {action} [{call.method}]"]
        say = {
            "oauth": {"required": "OAuth Required", "optional": "OAuth Optional"},
            "pagination": {"yes": "Pagination", "optional": "Pagination Optional"},
            "extended": {"yes": "Extended Info"},
            "filters": {"yes": "Filters"},
            "vip": {"only": "VIP Only", "enhanced": "VIP Enhanced"},
            "emoji": {"yes": "Emojis"},
        }
        tags = [words[call.told[name]] for name, words in say.items() if call.told[name] in words]
        lines += [f"#### {' '.join(tags)}"] if tags else []
    return "\n".join(lines)


def at(calls: list[Call], call: str) -> int:
    return next(number for number, each in enumerate(calls) if str(each) == call)


def test_the_same_api_has_no_difference(compared: Callable[[str], tuple[int, list[str]]]) -> None:
    assert compared(ours()) == (0, ["221 calls, no difference"])


def test_the_name_of_a_parameter_is_no_difference(compared: Callable[[str], tuple[int, list[str]]]) -> None:
    assert compared(ours().replace("/movies/{id}", "/movies/{movie_id}"))[0] == 0


def test_what_was_added_removed_and_changed_is_told(compared: Callable[[str], tuple[int, list[str]]]) -> None:
    def change(calls: list[Call]) -> None:
        del calls[at(calls, "GET /networks")]
        calls[at(calls, "GET /genres/{type}")].told["pagination"] = "yes"
        marks = calls[0].told | {"name": "New - Get new"}
        calls.append(Call(method="GET", path="/new/{id}", told=marks))

    assert compared(ours(change)) == (
        1,
        [
            "added    GET /new/{id}",
            "removed  GET /networks",
            "changed  GET /genres/{type}: pagination was 'no' and is 'yes'",
            "221 calls, 3 differences",
        ],
    )


def test_what_concerns_a_call_that_we_make_is_told_beside(compared: Callable[[str], tuple[int, list[str]]]) -> None:
    def change(calls: list[Call]) -> None:
        del calls[at(calls, "POST /scrobble/stop")]
        calls[at(calls, "GET /movies/{id}")].told["oauth"] = "required"

    assert compared(ours(change)) == (
        1,
        [
            "removed  POST /scrobble/stop",
            "changed  GET /movies/{id}: oauth was 'none' and is 'required'",
            "in use   POST /scrobble/stop is not there any more",
            "in use   GET /movies/{id}: oauth is 'required'",
            "220 calls, 4 differences",
        ],
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"{", b"a: [", b"[]", b'{"swagger": "2.0"}', b"openapi: 3.1.0", b"openapi: 3.1.0\npaths: {}",
     HEAD.encode(), b"\xff\xfe\x00"],
)  # fmt: skip
def test_what_is_no_description_is_one_line_and_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "page").write_bytes(content)
    assert main(str(tmp_path / "page")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("args", [(), ("",), ("no-such-file",), ("https://127.0.0.1:9/spec",)])
def test_nothing_to_read_is_one_line_and_status_2(capsys: pytest.CaptureFixture[str], args: tuple[str, ...]) -> None:
    assert main(*args) == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
