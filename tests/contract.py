"""Says what is wrong with a request to Trakt, or with its answer, by ``spec/trakt/openapi.yaml``."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from msgspec import Struct
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from tables import SPEC

from scrobbler.trakt import endpoints

OPENAPI: Final = SPEC / "trakt" / "openapi.yaml"
PLAIN_HEADERS: Final = {
    "accept",
    "accept-encoding",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
}
"""What a request may say without any description: HTTP's own."""
NOWHERE: Final = "/some/where"
"""What tests of the transport alone ask for. It is no call, so there is nothing to hold it against."""
LISTED_ONLY: Final = "no such call, but endpoints.tsv lists it"
"""What is wrong with a call that only ``scrobbler api`` may make; see ``any_call`` in its tests."""
METHODS: Final = ("get", "put", "post", "delete", "patch")

_ROOT: Final = "urn:openapi"


class Exchange(Struct, frozen=True, kw_only=True):
    """A request, and its answer where there was one. Header names are lower-case."""

    method: str
    url: str
    """Path and query, as on the wire."""
    headers: Mapping[str, str]
    body: bytes = b""
    status: int = 0
    answer_headers: Mapping[str, str] = {}
    answer: bytes = b""


class Operation(Struct, frozen=True, kw_only=True):
    """One call of the description, with all references to parameters, bodies and responses followed."""

    id: str
    method: str
    path: str
    pattern: re.Pattern[str]
    parameters: Sequence[Mapping[str, Any]]
    security: Sequence[Mapping[str, Any]]
    body: Draft202012Validator | None
    responses: Mapping[str, Mapping[str, Any]]
    where: Mapping[str, Draft202012Validator]
    """The validator of each parameter (``header.user-agent``), response (``200``) and its headers (``200.name``)."""


class Contract:
    """The description, ready to be asked what is wrong with a request or an answer."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._registry: Registry[Any] = Registry().with_resource(_ROOT, DRAFT202012.create_resource(document))
        self.operations = tuple(self._operations())

    def find(self, method: str, path: str) -> Operation | None:
        """The call that a request makes; a path without braces comes before one with them."""
        fitting = (each for each in self.operations if each.method == method and each.pattern.fullmatch(path))
        return min(fitting, key=lambda each: each.path.count("{"), default=None)

    def wrong_request(self, exchange: Exchange) -> Iterator[str]:
        """What a request has that it should not have, or lacks."""
        url = urlsplit(exchange.url)
        operation = self.find(exchange.method, url.path)
        if url.path == NOWHERE:
            return
        if operation is None:
            listed = exchange.method in {each.method for each in endpoints.meant(url.path)}
            yield LISTED_ONLY if listed else "no such call"
            yield from _wrong_envelope(exchange)
            return
        found = operation.pattern.fullmatch(url.path)
        said = {
            "path": {name: unquote(text) for name, text in (found.groupdict() if found else {}).items()},
            "query": dict(parse_qsl(url.query, keep_blank_values=True)),
            "header": {name: text for name, text in exchange.headers.items() if name not in PLAIN_HEADERS},
        }
        for each in operation.parameters:
            place, name = each["in"], _name(each)
            value = said[place].pop(name, None)
            if value is not None:
                yield from _wrong(operation.where[f"{place}.{name}"], _parsed(value, each["schema"]), f"{place} {name}")
            elif each.get("required"):
                yield f"{place} {name} is missing"
        yield from (f"{place} {name} is not described" for place in said for name in said[place])
        yield from _wrong_token(operation, exchange.headers.get("authorization"))
        if exchange.headers.get("content-type") != "application/json":
            yield "it is not said to be JSON"
        if operation.body is not None:
            yield from _wrong_json(operation.body, exchange.body)
        elif exchange.body:
            yield "it has a body"

    def wrong_answer(self, exchange: Exchange) -> Iterator[str]:
        """What an answer has that it should not have, or lacks. A call that is not described may answer anything."""
        operation = self.find(exchange.method, urlsplit(exchange.url).path)
        if operation is None:
            return
        status = str(exchange.status)
        key = status if status in operation.responses else f"{status[0]}XX"
        if key not in operation.responses:
            yield f"status {status} is not described"
            return
        response = operation.responses[key]
        for name, header in response.get("headers", {}).items():
            value = exchange.answer_headers.get(name.lower())
            if value is not None:
                yield from _wrong(operation.where[f"{key}.{name}"], _parsed(value, header["schema"]), f"header {name}")
            elif header.get("required"):
                yield f"header {name} is missing"
        if "content" in response:
            if exchange.answer_headers.get("content-type", "").partition(";")[0] not in response["content"]:
                yield "it is of another content type"
            yield from _wrong_json(operation.where[key], exchange.answer)
        elif exchange.status < 300 and exchange.answer not in {b"", b"{}"}:
            yield "it has a body"

    def _operations(self) -> Iterator[Operation]:
        for path, item in self.document["paths"].items():
            for method in item.keys() & set(METHODS):
                yield self._operation(path, method, item)

    def _operation(self, path: str, method: str, item: Mapping[str, Any]) -> Operation:
        told = item[method]
        parameters = [self._followed(each) for each in (*item.get("parameters", ()), *told.get("parameters", ()))]
        responses = {status: self._followed(each) for status, each in told["responses"].items()}
        where = {f"{each['in']}.{_name(each)}": self._validator(each["schema"]) for each in parameters}
        for status, response in responses.items():
            if "content" in response:
                where[status] = self._validator(response["content"]["application/json"]["schema"])
            for name, header in response.get("headers", {}).items():
                where[f"{status}.{name}"] = self._validator(header["schema"])
        body = self._followed(told["requestBody"]) if "requestBody" in told else None
        return Operation(
            id=told["operationId"],
            method=method.upper(),
            path=path,
            pattern=_pattern(path, parameters),
            parameters=parameters,
            security=told.get("security", self.document["security"]),
            body=self._validator(body["content"]["application/json"]["schema"]) if body else None,
            responses=responses,
            where=where,
        )

    def _followed(self, thing: Mapping[str, Any]) -> Mapping[str, Any]:
        if "$ref" not in thing:
            return thing
        found: Mapping[str, Any] = self._registry.resolver(_ROOT).lookup(thing["$ref"]).contents
        return found

    def _validator(self, schema: Mapping[str, Any]) -> Draft202012Validator:
        return Draft202012Validator(_rooted(schema), registry=self._registry)


@cache
def contract() -> Contract:
    """The description, read once."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Contract(yaml.load(OPENAPI.read_text(), loader))


def _pattern(path: str, parameters: Sequence[Mapping[str, Any]]) -> re.Pattern[str]:
    """The paths that are meant. A segment of a few words is one of these: ``/search/movie`` is no look-up by id."""
    for each in parameters:
        if each["in"] == "path":
            words = "|".join(each["schema"].get("enum", ("[^/]+",)))
            path = path.replace(f"{{{each['name']}}}", f"(?P<{each['name']}>{words})")
    return re.compile(path)


def _name(parameter: Mapping[str, Any]) -> str:
    return str(parameter["name"]).lower() if parameter["in"] == "header" else str(parameter["name"])


def _rooted(schema: Any) -> Any:
    """The same schema with each of its references made absolute."""
    if isinstance(schema, Mapping):
        return {
            key: _ROOT + value if key == "$ref" and value.startswith("#") else _rooted(value)
            for key, value in schema.items()
        }
    return [_rooted(each) for each in schema] if isinstance(schema, list) else schema


def _parsed(text: str, schema: Mapping[str, Any]) -> object:
    """A text of the wire as the schema's type."""
    return int(text) if schema.get("type") == "integer" and re.fullmatch(r"-?[0-9]+", text) else text


def _wrong(validator: Draft202012Validator, value: object, what: str) -> Iterator[str]:
    if (error := best_match(validator.iter_errors(value))) is not None:
        place = "/".join(str(step) for step in error.absolute_path)
        yield f"{what} {place}: {error.message}"


def _wrong_json(validator: Draft202012Validator, body: bytes) -> Iterator[str]:
    try:
        value = json.loads(body)
    except ValueError:
        yield "its body is not JSON"
        return
    yield from _wrong(validator, value, "body")


def _wrong_envelope(exchange: Exchange) -> Iterator[str]:
    """What is asked of every call, described or not."""
    wanted = ("user-agent", r"scrobbler/\S+ \(.+\)"), ("trakt-api-version", "2"), ("trakt-api-key", r"\S+")
    for name, form in (*wanted, ("content-type", "application/json")):
        if not re.fullmatch(form, exchange.headers.get(name, "")):
            yield f"header {name} is missing or wrong"
    if not re.fullmatch(r"Bearer \S+", exchange.headers.get("authorization", "Bearer none")):
        yield "the token is not sent as a bearer's"


def _wrong_token(operation: Operation, sent: str | None) -> Iterator[str]:
    if sent is None:
        if all(operation.security) and operation.security:
            yield "no token is sent"
    elif not operation.security:
        yield "a token is sent where nobody asks for it"
    elif not re.fullmatch(r"Bearer \S+", sent):
        yield "the token is not sent as a bearer's"
