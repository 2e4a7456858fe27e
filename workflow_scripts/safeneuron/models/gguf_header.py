"""What a GGUF file (llama.cpp's format) says of its model, read from its header alone.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Reads no tensor and imports
neither torch nor NumPy. The reader of the package `gguf` makes an array of every token of the
vocabulary, which takes seconds; every start of the workflow reads a header.
"""

import mmap
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from safeneuron.errors import SafeNeuronError

ARCHITECTURES = ("llama", "qwen2", "qwen3")
"""Those that are converted exactly (tests). Mistral and SmolLM2 files say `llama`."""

USE_ANOTHER = "Name the model's own checkpoint in its place: kind local or hub"
"""What to do about a file that cannot be converted exactly."""

_VERSIONS = (2, 3)
_SCALARS = {
    **{0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i"},
    **{6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"},
}
_STRING, _ARRAY = 8, 9
_NEEDED = (
    *("block_count", "embedding_length", "feed_forward_length"),
    *("attention.head_count", "context_length"),
)


class GgufError(SafeNeuronError):
    """A GGUF file is missing, damaged or of a model that is not supported; names the file."""


@dataclass(frozen=True)
class Tensor:
    """A tensor of the file: number of elements, type by its number in ggml, offset in the data."""

    elements: int
    kind: int
    offset: int


@dataclass(frozen=True)
class GgufHeader:
    """A file's metadata and tensors.

    Attributes:
        path: the file.
        metadata: by llama.cpp's keys; of an array, how long it is.
        tensors: by llama.cpp's names.
        data: where the first tensor begins, in bytes.
    """

    path: Path
    metadata: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    data: int

    @property
    def architecture(self) -> str:
        """The family, as llama.cpp calls it."""
        return str(self.metadata.get("general.architecture", "unknown"))

    @property
    def parameters(self) -> int:
        """Elements of all tensors; a head that is tied to the embeddings is not there twice."""
        return sum(tensor.elements for tensor in self.tensors.values())

    @property
    def chat_template(self) -> str | None:
        """The template that the file brings."""
        return self.metadata.get("tokenizer.chat_template")

    @property
    def quantization(self) -> str:
        """The type that most parameters are stored in, such as Q4_1 or F16."""
        return max(self.stored, key=lambda kind: self.stored[kind])

    @property
    def stored(self) -> dict[str, int]:
        """How many parameters are stored in each type."""
        kinds = _kinds()
        counts: Counter[str] = Counter()
        for tensor in self.tensors.values():
            counts[kinds[tensor.kind][0]] += tensor.elements
        return dict(sorted(counts.items()))

    def of_model(self, key: str, default: Any = None) -> Any:
        """A value of the family's own metadata, such as `block_count`."""
        return self.metadata.get(f"{self.architecture}.{key}", default)


def read_header(path: Path) -> GgufHeader:
    """The header of a whole GGUF file.

    Raises:
        GgufError: it is no GGUF file of version 2 or 3, or shorter than its header says.
    """
    if not path.is_file():
        raise GgufError(f"{path} is not a file; a model of kind gguf is one *.gguf file")
    with path.open("rb") as stream:
        begin = stream.read(8)
        if begin[:4] != b"GGUF":
            raise GgufError(
                f"{path} is no GGUF file: it begins with {begin[:4]!r} and not with b'GGUF'; name "
                "the *.gguf file itself, and download it again if it is one (a pointer of Git LFS "
                "and an error page are text)"
            )
        if len(begin) == 8 and (version := struct.unpack("<I", begin[4:])[0]) not in _VERSIONS:
            raise GgufError(
                f"{path} is GGUF of version {version}; versions 2 and 3 are read (little-endian): "
                "download a newer file of the model"
            )
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                header = _Reader(data).header(path)
            except (struct.error, UnicodeDecodeError, KeyError) as error:
                raise _truncated(path, "its header is cut off or damaged") from error
            size = len(data)
    kinds = _kinds()
    for name, tensor in header.tensors.items():
        if tensor.kind not in kinds:
            raise GgufError(
                f"{path}: its tensor {name} is of type {tensor.kind}, which the package gguf does "
                "not know; download the model in another quantization"
            )
        _, block, width = kinds[tensor.kind]
        end = header.data + tensor.offset + tensor.elements // block * width
        if end > size:
            raise _truncated(path, f"{name} ends at byte {end} and the file at {size}")
    return header


def check_gguf(path: Path) -> GgufHeader:
    """The header of a file whose model can be converted exactly.

    Raises:
        GgufError: it is damaged, or of a model that the loader would read as another one.
    """
    header = read_header(path)
    if header.architecture not in ARCHITECTURES:
        raise GgufError(
            f"{path}: its architecture is '{header.architecture}'; allowed are "
            f"{', '.join(ARCHITECTURES)} (Mistral and SmolLM2 are llama). {USE_ANOTHER}"
        )
    if (parts := header.metadata.get("split.count", 1)) > 1:
        raise GgufError(
            f"{path} is one of {parts} parts; make one file of them: llama-gguf-split --merge "
            f"{path.name} WHOLE.gguf"
        )
    missing = [key for key in _NEEDED if header.of_model(key) is None]
    if missing or not header.tensors:
        raise GgufError(
            f"{path}: it has no {', '.join(missing) or 'tensors'}; a whole language model has "
            "(a vocabulary, an adapter or a projector is none): download the model's own file"
        )
    if header.of_model("expert_count"):
        raise GgufError(
            f"{path}: a mixture of {header.of_model('expert_count')} experts; models are decoders "
            "with one gated feed-forward network a layer"
        )
    scaling = header.of_model("rope.scaling.type", "none")
    factors = [name for name in header.tensors if name.startswith("rope_")]
    if scaling != "none" or factors:
        found = ", ".join([*(["rope.scaling.type: " + scaling] * (scaling != "none")), *factors])
        raise GgufError(
            f"{path}: its positions are scaled ({found}), which transformers does not read from a "
            f"GGUF file: it would be another model. {USE_ANOTHER}"
        )
    return header


def check_gguf_template(header: GgufHeader) -> None:
    """Whether a file brings a chat template.

    Raises:
        GgufError: it has none.
    """
    if header.chat_template is None:
        raise GgufError(
            f"{header.path} has no chat template (tokenizer.chat_template); add the one of the "
            "model's authors: gguf-new-metadata --chat-template-file TEMPLATE "
            f"{header.path.name} WITH_TEMPLATE.gguf"
        )


def _truncated(path: Path, what: str) -> GgufError:
    return GgufError(f"{path} is truncated: {what}; download it again")


def _kinds() -> dict[int, tuple[str, int, int]]:
    """Types of tensors by number: name, elements of a block, bytes of a block."""
    # here and not above: no experiment without a GGUF file waits for it
    from gguf.constants import GGML_QUANT_SIZES

    return {int(kind): (kind.name, *sizes) for kind, sizes in GGML_QUANT_SIZES.items()}


class _Reader:
    """Goes through a header from its begin to its end."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 8

    def header(self, path: Path) -> GgufHeader:
        tensors, entries = self._numbers("QQ")
        metadata = {}
        for _ in range(entries):
            key = self._text()
            metadata[key] = self._value(*self._numbers("I"))
        found = {}
        for _ in range(tensors):
            name = self._text()
            shape = self._numbers(f"{self._numbers('I')[0]}Q")
            kind, offset = self._numbers("IQ")
            found[name] = Tensor(prod(shape), kind, offset)
        alignment = metadata.get("general.alignment") or 32
        return GgufHeader(path, metadata, found, -(-self._at // alignment) * alignment)

    def _numbers(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def _text(self) -> str:
        (length,) = self._numbers("Q")
        return str(self._numbers(f"{length}s")[0], "utf-8")

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._text()
        if kind != _ARRAY:
            return self._numbers(_SCALARS[kind])[0]
        element, count = self._numbers("IQ")
        if element == _STRING:
            for _ in range(count):
                (length,) = self._numbers("Q")
                self._at += length
        elif element == _ARRAY:
            for _ in range(count):
                self._value(_ARRAY)
        else:
            self._at += count * struct.calcsize(_SCALARS[element])
        return count
