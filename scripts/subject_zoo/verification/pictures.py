"""Whether pictures can be looked at."""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator

from subject_zoo.dataset.layout import PICTURE_FILE
from subject_zoo.dataset.received import Received
from subject_zoo.verification.problem import Problem

_MOST_PIXELS = 64_000_000  # bytes of a picture unpacked; ours have 3
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type


def check_pictures(folder: Received, names: Iterable[str]) -> Iterator[Problem]:
    """A problem for each picture among the names of a folder's files that does not decode as PNG."""
    for name in names:
        if not re.match(PICTURE_FILE, name):
            continue
        try:
            is_fine = is_png(folder.read(name))
        except OSError:
            continue  # a problem already
        if not is_fine:
            yield Problem(name, "not a picture that can be looked at: it does not decode as PNG")


def is_png(data: bytes) -> bool:
    """Whether bytes are a whole PNG, not interlaced: chunks as their checksums say, and as many pixels as it has."""
    chunks = list(_chunks(data))
    kinds = [kind for kind, _ in chunks]
    if kinds[:1] != [b"IHDR"] or kinds[-1:] != [b"IEND"] or len(chunks[0][1]) != 13:
        return False
    width, height, depth, colour, *_, interlaced = struct.unpack(">IIBBBBB", chunks[0][1])
    if not width or not height or colour not in _CHANNELS or interlaced:
        return False
    size = height * (1 + (width * _CHANNELS[colour] * depth + 7) // 8)  # the filter's byte, and the pixels
    if size > _MOST_PIXELS:
        return False
    unpacking = zlib.decompressobj()
    try:
        pixels = unpacking.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"), size + 1)
    except zlib.error:
        return False
    return len(pixels) == size and unpacking.eof


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(kind, content) of each chunk of a PNG; up to the first that is damaged, and of other bytes none."""
    place = len(_SIGNATURE) if data.startswith(_SIGNATURE) else len(data)
    while place < len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4])
        kind, content = data[place + 4 : place + 8], data[place + 8 : end]
        if zlib.crc32(kind + content).to_bytes(4) != data[end : end + 4]:
            return
        yield kind, content
        place = end + 4
