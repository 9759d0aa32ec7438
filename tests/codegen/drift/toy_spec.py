"""A spec that agrees with toy_sdk, as text, so that a test can change one line of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from codegen.drift.roots import Root, read_roots

if TYPE_CHECKING:
    from pathlib import Path

OPENAPI = """
openapi: 3.2.0
info: {title: Toy, version: 1.0.0}
paths:
  /create:
    post:
      operationId: create
      requestBody:
        content:
          application/json:
            schema: {$ref: schemas/request.yaml#/Create}
      responses:
        '200':
          content:
            application/json:
              schema: {$ref: schemas/answer.yaml#/Answer}
            text/event-stream:
              itemSchema:
                type: object
                properties:
                  data:
                    type: string
                    contentSchema: {$ref: schemas/answer.yaml#/Event}
        4XX: {$ref: '#/components/responses/Error'}
  /list:
    x-triglot-websocket:
      operationId: talk
      request: {$ref: schemas/request.yaml#/Word}
      event: {$ref: schemas/answer.yaml#/Reply}
    get:
      operationId: list
      parameters:
        - {name: after, in: query, schema: {type: string}}
      responses:
        '200':
          content:
            application/json:
              schema: {$ref: schemas/answer.yaml#/Page}
components:
  responses:
    Error:
      content:
        application/json:
          schema: {$ref: schemas/answer.yaml#/ErrorAnswer}
"""

REQUEST = """
Create:
  type: object
  required: [model, input]
  properties:
    model: {type: string}
    input:
      anyOf:
        - {type: string}
        - type: array
          items: {$ref: '#/Part'}
    effort:
      enum: [low, high, null]
    format: {$ref: '#/Format'}
    labels:
      type: object
      additionalProperties: {type: string}
    limit: {type: [integer, 'null']}
    stream: {type: boolean, default: false}
Part:
  anyOf:
    - oneOf:
        - {$ref: '#/TextPart'}
        - {$ref: '#/ImagePart'}
        - {$ref: '#/GroupPart'}
      discriminator:
        propertyName: type
        mapping: {text: '#/TextPart', image: '#/ImagePart', group: '#/GroupPart', bundle: '#/GroupPart'}
    - {$ref: '#/OtherPart'}
TextPart:
  type: object
  required: [type, text]
  properties:
    type: {const: text}
    text: {type: string}
    cache: {type: [boolean, 'null']}
ImagePart:
  type: object
  required: [type, url]
  properties:
    type: {const: image}
    url: {type: string}
    detail: {enum: [low, high]}
GroupPart:
  type: object
  required: [type, parts]
  properties:
    type: {enum: [group, bundle]}
    parts:
      type: array
      items: {$ref: '#/Part'}
OtherPart:
  type: object
  required: [type]
  properties:
    type: {type: string, not: {enum: [text, image, group, bundle]}}
Word:
  oneOf:
    - {$ref: '#/Say'}
  discriminator:
    propertyName: type
    mapping: {say: '#/Say'}
Say:
  type: object
  required: [type]
  properties:
    type: {const: say}
    loudly: {type: [boolean, 'null']}
Format:
  type: object
  required: [name]
  properties:
    name: {type: string}
    schema: {type: object}
"""

ANSWER = """
Answer:
  type: object
  required: [id, created, items]
  properties:
    id: {type: string}
    created: {type: integer}
    items:
      type: array
      items: {$ref: '#/Item'}
    status:
      anyOf:
        - {$ref: '#/Status'}
        - {type: 'null'}
    schema: {type: [string, 'null']}
Status:
  enum: [done, failed]
Item:
  oneOf:
    - {$ref: '#/TextItem'}
    - {$ref: '#/CallItem'}
  discriminator:
    propertyName: type
    mapping: {text: '#/TextItem', call: '#/CallItem'}
TextItem:
  type: object
  required: [type, text]
  properties:
    type: {const: text}
    text: {type: string}
CallItem:
  type: object
  required: [type, name, arguments]
  properties:
    type: {const: call}
    name: {type: string}
    arguments:
      type: object
      additionalProperties: {type: string}
Event:
  oneOf:
    - {$ref: '#/DeltaEvent'}
    - {$ref: '#/DoneEvent'}
  discriminator:
    propertyName: type
    mapping: {delta: '#/DeltaEvent', done: '#/DoneEvent'}
DeltaEvent:
  type: object
  required: [type, delta]
  properties:
    type: {const: delta}
    delta: {type: string}
DoneEvent:
  type: object
  required: [type, answer]
  properties:
    type: {const: done}
    answer: {$ref: '#/Answer'}
Reply:
  oneOf:
    - {$ref: '#/Heard'}
  discriminator:
    propertyName: type
    mapping: {heard: '#/Heard'}
Heard:
  type: object
  required: [type, words]
  properties:
    type: {const: heard}
    words: {type: integer}
ErrorAnswer:
  type: object
  required: [error]
  properties:
    error:
      type: object
      required: [message]
      properties:
        message: {type: string}
Page:
  type: object
  required: [data]
  properties:
    data:
      type: array
      items: {$ref: '#/TextItem'}
    has_more: {type: boolean}
"""

FILES = {"openapi.yaml": OPENAPI, "schemas/request.yaml": REQUEST, "schemas/answer.yaml": ANSWER}

ROOTS = """
[[root]]
dialect = "toy"
operation = "POST /create"
request = ["tests.codegen.drift.toy_sdk:CreateParams"]
answer = ["tests.codegen.drift.toy_sdk:Answer"]
events = ["tests.codegen.drift.toy_sdk:Event"]
"error/error" = ["tests.codegen.drift.toy_sdk:ErrorDetail"]
elsewhere = ["workspace"]

[[root]]
dialect = "toy"
operation = "GET /list"
query = ["tests.codegen.drift.toy_sdk:ListParams"]
answer = ["tests.codegen.drift.toy_sdk:Page[tests.codegen.drift.toy_sdk:TextItem]"]

[[root]]
dialect = "toy"
operation = "WEBSOCKET /list"
request = ["tests.codegen.drift.toy_sdk:SayParam"]
events = ["tests.codegen.drift.toy_sdk:Heard"]
"""


def write_spec(specs: Path, old: str = "", new: str = "") -> list[Root]:
    """Writes the toy spec with one text replaced, and gives the roots.

    Args:
        specs: the folder to make.
        old: text to replace; in every file that has it, and one must.
        new: what stands there instead.
    """
    assert any(old in text for text in FILES.values()), f"nothing to replace: {old!r}"
    for name, text in FILES.items():
        path = specs / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(old, new) if old else text)
    roots = specs.parent / "roots.toml"
    roots.write_text(ROOTS)
    return read_roots(roots)
