"""What the worker library needs of the Functions RPC contract, as plain Python.

The library is handed the classes of the contract by its caller. The real worker passes those that protobuf generates from
``FunctionRpc.proto`` (Azure/azure-functions-language-worker-protobuf); objects with the same attributes are enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any


class TypedData:
    """A value with its kind: ``TypedData(string="a")``. A ``oneof`` in the contract: at most one kind is set."""

    def __init__(self, **value: Any) -> None:
        self._kind: str | None = next(iter(value), None)
        self._value: Any = value[self._kind] if self._kind else None

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        """The kind that is set."""
        return self._kind

    def __getattr__(self, name: str) -> Any:
        if name == self._kind:
            return self._value
        raise AttributeError(name)


@dataclass
class ParameterBinding:
    """A value for, or from, one parameter of a function."""

    name: str
    data: TypedData | None

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name
        """Always data: shared memory is not offered to the worker."""
        return "data"


@dataclass
class RpcHttp:
    """A request or a response."""

    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: TypedData | None = None
    status_code: str = "200"
    cookies: Sequence[RpcHttpCookie] | None = None
    enable_content_negotiation: bool = False


@dataclass
class NullableBool:
    """A boolean that may be absent."""

    value: bool


@dataclass
class NullableString:
    """A text that may be absent."""

    value: str


@dataclass
class NullableDouble:
    """A number that may be absent."""

    value: float


@dataclass
class Timestamp:
    """Seconds since 1970, UTC."""

    seconds: int


@dataclass
class NullableTimestamp:
    """A time that may be absent."""

    value: Timestamp


SameSite = IntEnum("SameSite", {"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


@dataclass
class RpcHttpCookie:
    """A cookie of a response."""

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: int = 0
    max_age: NullableDouble | None = None

    SameSite = SameSite


@dataclass
class RpcException:
    """An exception of the function, as text."""

    message: str
    stack_trace: str = ""
    source: str = ""


@dataclass
class StatusResult:
    """How a request to the worker ended."""

    status: int
    exception: RpcException | None = None

    Failure = 0
    Success = 1
    Cancelled = 2


@dataclass
class BindingInfo:
    """One binding of a function."""

    type: str
    data_type: Any = None
    direction: int = 0

    out = 1
    inout = 2


@dataclass
class RpcRetryOptions:
    """A retry policy of a function."""

    max_retry_count: int
    retry_strategy: str
    delay_interval: Any = None
    minimum_interval: Any = None
    maximum_interval: Any = None


@dataclass
class RpcFunctionMetadata:
    """One function that the worker has found."""

    name: str
    function_id: str
    raw_bindings: Sequence[str]
    bindings: Mapping[str, BindingInfo]
    managed_dependency_enabled: bool = False
    directory: str = ""
    script_file: str = ""
    entry_point: str = ""
    is_proxy: bool = False
    language: str = ""
    retry_options: RpcRetryOptions | None = None
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass
class FunctionMetadataResponse:
    """All functions that the worker has found."""

    use_default_metadata_indexing: bool
    function_metadata_results: Sequence[RpcFunctionMetadata] | None
    result: StatusResult


@dataclass
class WorkerMetadata:
    """What the worker is."""

    runtime_name: str
    runtime_version: str
    worker_version: str
    worker_bitness: str
    custom_properties: Mapping[str, str]


@dataclass
class WorkerInitResponse:
    """How the worker's start went."""

    capabilities: Mapping[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


@dataclass
class InvocationResponse:
    """How an invocation went, and what it returned."""

    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: Sequence[ParameterBinding] = ()
