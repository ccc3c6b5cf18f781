"""``cupy.cuda``: two devices (or as many as EMULATED_DEVICES says), streams, captures, memory."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from ._compiling import CompileException
from ._statistics import statistics

COUNT = int(os.environ.get("EMULATED_DEVICES", "2"))


class _Thread(threading.local):
    """What CUDA keeps for each thread."""

    device = 0
    stream: Stream


_thread = _Thread()


class runtime:
    """The few calls of the CUDA runtime that programs make."""

    is_hip = False
    streamCaptureModeGlobal, streamCaptureModeThreadLocal, streamCaptureModeRelaxed = 0, 1, 2

    class CUDARuntimeError(RuntimeError):
        """An error that CUDA reports."""

    @staticmethod
    def getDeviceCount() -> int:
        return COUNT

    @staticmethod
    def getDevice() -> int:
        return _thread.device

    @staticmethod
    def setDevice(number: int) -> None:
        Device(number).use()

    @staticmethod
    def deviceSynchronize() -> None:
        statistics.sync("device")

    @staticmethod
    def runtimeGetVersion() -> int:
        return 12090

    @staticmethod
    def driverGetVersion() -> int:
        return 12090


class compiler:
    """What compiles kernels."""

    CompileException = CompileException


class Device:
    """A device; ``with`` or ``use`` make it the current one of this thread."""

    compute_capability = "90"

    def __init__(self, device: Any = None) -> None:
        self.id = _thread.device if device is None else int(device)
        if not 0 <= self.id < COUNT:
            raise runtime.CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        self._before: list[int] = []

    def use(self) -> None:
        _thread.device = self.id

    def __enter__(self) -> Device:
        self._before.append(_thread.device)
        _thread.device = self.id
        return self

    def __exit__(self, *args: object) -> None:
        _thread.device = self._before.pop()

    def synchronize(self) -> None:
        statistics.sync("device")

    def __int__(self) -> int:
        return self.id

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"


class Graph:
    """What a capture recorded: how many launches. A launch of it counts as one."""

    def __init__(self, launches: int) -> None:
        self.launches = launches

    def launch(self, stream: Any = None) -> None:
        statistics.launch("graph")

    def upload(self, stream: Any = None) -> None:
        """Prepare the launch."""


class Stream:
    """A stream; what is launched in it runs at once.

    Between ``begin_capture`` and ``end_capture`` everything raises that a CUDA graph cannot hold:
    synchronisations, copies between host and device, and launches in the default stream. The
    capture is invalid then, so that ``end_capture`` raises, too.
    """

    null: Stream

    def __init__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False,
        priority: int | None = None,
    ) -> None:  # fmt: skip
        self.ptr = 0 if null else id(self)
        self.non_blocking = non_blocking
        self._before: list[Stream] = []
        self._watch: Callable[[str, str], None] | None = None
        self._launches, self._broken = 0, ""

    def __enter__(self) -> Stream:
        self._before.append(get_current_stream())
        _thread.stream = self
        return self

    def __exit__(self, *args: object) -> None:
        _thread.stream = self._before.pop()

    def use(self) -> Stream:
        _thread.stream = self
        return self

    def synchronize(self) -> None:
        statistics.sync("stream")

    def begin_capture(self, mode: int | None = None) -> None:
        if self.ptr == 0:
            raise RuntimeError("cannot capture on the default (legacy) stream")
        if self._watch is not None:
            raise runtime.CUDARuntimeError("cudaErrorIllegalState: the stream captures already")
        self._launches, self._broken = 0, ""
        self._watch = self._observe
        statistics.watchers.append(self._watch)

    def is_capturing(self) -> bool:
        return self._watch is not None

    def end_capture(self) -> Graph:
        if self._watch is None:
            raise runtime.CUDARuntimeError("cudaErrorIllegalState: the stream does not capture")
        statistics.watchers.remove(self._watch)
        self._watch = None
        if self._broken:
            raise runtime.CUDARuntimeError(
                f"cudaErrorStreamCaptureInvalidated: the capture met {self._broken}"
            )
        return Graph(self._launches)

    def _observe(self, kind: str, what: str) -> None:
        if kind == "allocation":
            return
        if kind == "launch" and get_current_stream() is self:
            self._launches += 1
            return
        if kind == "launch" and (get_current_stream().ptr != 0 or self.non_blocking):
            return  # runs beside the capture, and is not part of the graph
        name = "Implicit" if kind == "launch" else "Unsupported"
        self._broken = self._broken or f"{kind} {what}".strip()
        raise runtime.CUDARuntimeError(
            f"cudaErrorStreamCapture{name}: {kind} {what}".strip() + " while a stream captures"
        )

    def record(self, event: Any = None) -> Event:
        return Event()


class Event:
    """A point in a stream."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def record(self, stream: Any = None) -> Event:
        return self

    def synchronize(self) -> None:
        statistics.sync("event")


class ExternalStream(Stream):
    """A stream that somebody else made."""


Stream.null = Stream(null=True)
_Thread.stream = Stream.null


def get_current_stream(device_id: int = -1) -> Stream:
    return _thread.stream


def get_elapsed_time(start: Event, end: Event) -> float:
    return 0.0


def is_available() -> bool:
    return True


class MemoryPool:
    """The numbers of the pool; there is no raw memory."""

    def __init__(self, allocator: Any = None) -> None:
        pass

    def used_bytes(self) -> int:
        return statistics.bytes_allocated

    def total_bytes(self) -> int:
        return statistics.bytes_allocated

    def free_all_blocks(self, stream: Any = None) -> None:
        """Give memory back."""


class MemoryAsyncPool(MemoryPool):
    """The pool of the driver."""


def set_allocator(allocator: Any = None) -> None:
    """Choose who allocates."""


def set_pinned_memory_allocator(allocator: Any = None) -> None:
    """Choose who allocates memory of the host."""
