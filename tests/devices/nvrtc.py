"""CUDA C++ compiled for a GPU that is not there: NVIDIA's compiler needs no driver.

pip install nvidia-cuda-nvrtc-cu12
"""

from __future__ import annotations

import ctypes
import site
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

ARCHITECTURES = ("sm_80", "sm_90")
OPTIONS = ("--std=c++17",)


class NotCompiled(Exception):
    """What the compiler says of a kernel that it refuses."""


def library() -> ctypes.CDLL | None:
    """The compiler, if it is installed with pip."""
    folders = [*site.getsitepackages(), site.getusersitepackages(), *sys.path]
    for folder in folders:
        for pattern in ("lib/libnvrtc.so.*", "bin/nvrtc64_*.dll"):
            for path in sorted(Path(folder).glob(f"nvidia/cuda_nvrtc/{pattern}")):
                if "builtins" not in path.name and "alt" not in path.name:
                    return ctypes.CDLL(str(path))
    return None


def checked(code: int, what: str) -> None:
    """Raise for an error of the library itself."""
    if code:
        raise RuntimeError(f"NVRTC: {what} failed with error {code}")


def fetched(program: Any, size_of: Any, get: Any, what: str) -> bytes:
    """Bytes that the library holds: the log, or the machine code."""
    size = ctypes.c_size_t()
    checked(size_of(program, ctypes.byref(size)), f"size of {what}")
    buffer = ctypes.create_string_buffer(size.value)
    checked(get(program, buffer), what)
    return buffer.raw


def compiled(source: str, architecture: str, options: Iterable[str] = OPTIONS) -> bytes:
    """Machine code of a CUDA C++ text for an architecture, as ``sm_90``.

    Raises:
        NotCompiled: with the messages of the compiler.
    """
    nvrtc = library()
    if nvrtc is None:
        raise RuntimeError("NVRTC is not installed: pip install nvidia-cuda-nvrtc-cu12")
    program = ctypes.c_void_p()
    created = nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None
    )
    checked(created, "making a program")
    flags = [f"--gpu-architecture={architecture}".encode(), *[o.encode() for o in options]]
    try:
        code = nvrtc.nvrtcCompileProgram(
            program, len(flags), (ctypes.c_char_p * len(flags))(*flags)
        )
        log = fetched(program, nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, "the log")
        if code:
            raise NotCompiled(log.rstrip(b"\0").decode())
        return fetched(program, nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN, "machine code")
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
