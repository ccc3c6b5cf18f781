"""LLVM by llvmlite: the only file that names it."""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Mapping
from typing import Any

MISSING = "native code needs llvmlite, 0.45 or newer: pip install 'funcgrad[llvm]'"

OLDEST = 20
"""The version of LLVM that reads all that is written here; llvmlite 0.45 brings it."""

_CHOSEN = ("FUNCGRAD_VECTOR_BITS", "FUNCGRAD_CPU", "FUNCGRAD_CPU_FEATURES")


def chosen_machine() -> tuple[str | None, ...]:
    """What the environment says of the processor that code is for: part of keys of kernels."""
    return tuple(map(os.environ.get, _CHOSEN))


@functools.cache
def binding() -> Any:
    """Llvmlite's binding, with the target of this machine; None if it is not there, or too old."""
    try:
        import llvmlite.binding as llvm
    except ImportError:
        return None
    if llvm.llvm_version_info[0] < OLDEST:
        return None
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


def usable() -> bool:
    """True if programs are to have native parts: where llvmlite is, but for FUNCGRAD_NATIVE=0.

    Raises:
        ImportError: FUNCGRAD_NATIVE=1 asks for them, and llvmlite is not installed, or too old.
    """
    asked = os.environ.get("FUNCGRAD_NATIVE")
    if asked == "0":
        return False
    found = binding() is not None
    if asked == "1" and not found:
        raise ImportError(MISSING)
    return found


def processor() -> tuple[str, str]:
    """The name of this processor and its features; FUNCGRAD_CPU and FUNCGRAD_CPU_FEATURES win."""
    name, features = _this_machine()
    return (
        os.environ.get("FUNCGRAD_CPU") or name,
        os.environ.get("FUNCGRAD_CPU_FEATURES", features),
    )


@functools.cache
def _this_machine() -> tuple[str, str]:
    llvm = binding()
    return llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()


def vector_bits() -> int:
    """The width of vectors that this processor computes with best: 512, 256 or 128 bits.

    Skylake and Cascade Lake lower their clock for 512 bits.
    """
    chosen = os.environ.get("FUNCGRAD_VECTOR_BITS")
    if chosen is not None:
        return int(chosen)
    name, features = processor()
    listed = set(features.split(","))
    if "+avx512f" in listed and not name.startswith(("skylake", "cascadelake")):
        return 512
    return 256 if "+avx2" in listed else 128


def has_avx512(part: str = "f") -> bool:
    """True if the processor has the instructions of a part of AVX-512."""
    return f"+avx512{part}" in processor()[1].split(",")


def converts_halves() -> bool:
    """True if this processor converts numbers of 16 bits; LLVM would call functions otherwise."""
    llvm, (_, features) = binding(), processor()
    arm = llvm is not None and llvm.get_default_triple().startswith("aarch64")
    return arm or "+f16c" in features.split(",")


def target() -> Any:
    """What makes machine code for the processor. Code generation level 0 would abort on masks."""
    return _target(*processor())


@functools.lru_cache
def _target(name: str, features: str) -> Any:
    llvm = binding()
    found = llvm.Target.from_default_triple()
    return found.create_target_machine(
        cpu=name, features=features, opt=1, reloc="default", codemodel="jitdefault"
    )


@functools.cache
def _arrays_of_linker() -> list[type]:
    """The types of arrays that llvmlite makes for a library.

    A type is a cycle; kept here, they are not made again, for the garbage collector to find.
    """
    from llvmlite.binding import orcjit

    elements = (getattr(orcjit, name, None) for name in ("_LinkElement", "_SymbolAddress"))
    return [element * n for element in elements if element is not None for n in range(4)]


_ONE_AT_A_TIME = threading.RLock()
"""Held while something is made once: of two, made by two threads, one would go, and its code."""


def _linker() -> Any:
    with _ONE_AT_A_TIME:
        return _made_linker()


@functools.cache
def _made_linker() -> Any:
    return binding().create_lljit_compiler(target())


def object_code(text: str) -> bytes:
    """Machine code, as an object file, of a module's text."""
    module = binding().parse_assembly(text)
    return target().emit_object(module)


class Library:
    """Machine code in memory: addresses of functions by their names, as long as it is kept."""

    _numbers = itertools.count(1)

    def __init__(
        self, code: bytes, names: tuple[str, ...], imported: Mapping[str, int] | None = None
    ) -> None:
        llvm = binding()
        _arrays_of_linker()
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        for name, address in (imported or {}).items():
            builder.import_symbol(name, address)
        for name in names:
            builder.export_symbol(name)
        self._library = builder.link(_linker(), f"funcgrad_{next(Library._numbers)}")
        self.addresses: dict[str, int] = {name: self._library[name] for name in names}


def assembly(text: str) -> str:
    """The assembly of a module's text."""
    return target().emit_assembly(binding().parse_assembly(text))
