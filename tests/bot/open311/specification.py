"""The shapes that http://wiki.open311.org/GeoReport_v2 and /Service_Discovery ask for, as JSON Schema.

Written after the specification's tables, apart from our own OpenAPI document: the two check each other.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from jsonschema import Draft202012Validator, FormatChecker

_TEXT = {"type": "string", "minLength": 1}
_OPTIONAL_TEXT = {"type": ["string", "null"]}
_MOMENT = {
    "type": "string",
    # The subset of ISO 8601 of the W3C note, with its time zone.
    "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$",
}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        # "It is recommended that you adhere to the specification strictly."
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], **limits: int) -> dict[str, Any]:
    return {"type": "array", "items": items, **limits}


SERVICES = _list(
    _object(
        {
            "service_code": _TEXT,
            "service_name": _TEXT,
            "description": _OPTIONAL_TEXT,
            "metadata": {"type": "boolean"},
            "type": {"enum": ["realtime", "batch", "blackbox"]},
            "keywords": _OPTIONAL_TEXT,
            "group": _OPTIONAL_TEXT,
        }
    ),
    minItems=1,
)
SERVICE_DEFINITION = _object(
    {
        "service_code": _TEXT,
        "attributes": _list(
            _object(
                {
                    "variable": {"type": "boolean"},
                    "code": _TEXT,
                    "datatype": {
                        "enum": ["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
                    },
                    "required": {"type": "boolean"},
                    "datatype_description": _OPTIONAL_TEXT,
                    "order": {"type": "integer", "minimum": 1},
                    "description": _OPTIONAL_TEXT,
                },
                {"values": _list(_object({"key": _TEXT, "name": _TEXT}))},
            )
        ),
    }
)
REQUESTS = _list(
    _object(
        {
            "service_request_id": _TEXT,
            "status": {"enum": ["open", "closed"]},
            "service_name": _OPTIONAL_TEXT,
            "service_code": _TEXT,
            "description": {"type": ["string", "null"], "maxLength": 4000},
            "requested_datetime": _MOMENT,
            "updated_datetime": _MOMENT,
            "address": _OPTIONAL_TEXT,
            "address_id": _OPTIONAL_TEXT,
            "zipcode": _OPTIONAL_TEXT,
            "lat": {"type": ["number", "null"]},
            "long": {"type": ["number", "null"]},
            "media_url": {"type": ["string", "null"], "format": "uri"},
        },
        {
            "status_notes": _OPTIONAL_TEXT,
            "agency_responsible": _OPTIONAL_TEXT,
            "service_notice": _OPTIONAL_TEXT,
            "expected_datetime": {"anyOf": [_MOMENT, {"type": "null"}]},
        },
    )
)
# A token must not come along with a service_request_id.
FILED = _list(
    _object({"service_request_id": _TEXT}, {"service_notice": _OPTIONAL_TEXT, "account_id": _OPTIONAL_TEXT}),
    minItems=1,
    maxItems=1,
)
TOKEN = _list(_object({"service_request_id": _TEXT, "token": _TEXT}), minItems=1, maxItems=1)
ERRORS = _list(_object({"code": {"type": ["integer", "string"]}, "description": _TEXT}), minItems=1)
DISCOVERY = _object(
    {
        "changeset": _TEXT,
        "contact": _TEXT,
        "key_service": _TEXT,
        "endpoints": _list(
            _object(
                {
                    "specification": {"const": "http://wiki.open311.org/GeoReport_v2"},
                    "url": _TEXT,
                    "changeset": _TEXT,
                    "type": {"enum": ["production", "test"]},
                    "formats": _list(_TEXT, minItems=1),
                }
            ),
            minItems=1,
        ),
    }
)
_LISTS = {"services", "attributes", "values", "service_requests", "errors", "endpoints", "formats"}
_BOOLEANS = {"metadata", "variable", "required"}
_NUMBERS = {"lat", "long"}
_INTEGERS = {"order"}


def problems(schema: dict[str, Any], content: Any) -> list[str]:
    """What is not as the specification has it."""
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


def from_xml(body: bytes) -> tuple[str, Any]:
    """The root's name, and the same content as the JSON answer has it (the specification's own mapping)."""
    root = ElementTree.fromstring(body)  # noqa: S314 - our own answer
    return root.tag, _content(root)


def _content(element: ElementTree.Element) -> Any:
    if element.tag in _LISTS:
        return [_content(child) for child in element]
    if len(element):
        return {child.tag: _content(child) for child in element}
    text = element.text
    if text is None:
        return None
    if element.tag in _BOOLEANS:
        return {"true": True, "false": False}[text]
    if element.tag in _NUMBERS:
        return float(text)
    return int(text) if element.tag in _INTEGERS else text
