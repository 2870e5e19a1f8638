"""Output bindings: what an invocation leaves in queues."""

from __future__ import annotations

import json

from emulators.functions.bindings import Function
from emulators.functions.protos import InvocationResponse, TypedData
from emulators.functions.storagequeues import StorageQueues


async def send_outputs(function: Function, response: InvocationResponse, queues: StorageQueues) -> None:
    """Send every output of a successful invocation, in the order in which the worker gives them."""
    values = [(binding.name, binding.data) for binding in response.output_data]
    values.append(("$return", response.return_value))
    for name, value in values:
        output = function.outputs.get(name)
        if output is None or value is None:
            continue
        for body in messages_of(value):
            await queues.send(output.connection_string, output.queue, body)


def messages_of(value: TypedData) -> list[str | bytes]:
    """The messages that a value stands for.

    As in the real host (``FunctionBinding.ReadAsEnumerable``), a JSON array is one message an element, even where the
    function has given it as text; an element that is not a text is sent as JSON.
    """
    match value.WhichOneof("data"):
        case None:
            return []
        case "bytes":
            return [value.bytes]
        case "string" | "json" as kind:
            text = str(getattr(value, kind))
        case kind:
            return [str(getattr(value, kind))]
    elements = _array(text)
    if elements is None:
        return [text]
    return [element if isinstance(element, str) else json.dumps(element) for element in elements]


def _array(text: str) -> list[object] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    return parsed if isinstance(parsed, list) else None
