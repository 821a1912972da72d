"""What a shared library for 64-bit Linux asks of others by its headers (ELF); and the library as assembly, to be linked
with where nothing can load it."""

import struct
from pathlib import Path

_SYMBOLS, _RELOCATIONS, _DYNAMIC = 11, 4, 6  # types of sections
_LOADED = 1  # a type of segments
_NEEDED, _VERSIONS = 1, 0x6FFFFFFE  # entries of the dynamic section
_JUMP_SLOTS = {62: 7, 183: 1026}  # by machine, the type of a relocation that is an address of a function


class SharedLibrary:
    """`defined` and `undefined` are its symbols: offsets by name, and names. `slots` are the functions whose addresses
    it is to be given, by offset. `needs_others` is whether it names a library, or a version of one."""

    def __init__(self, data: bytes) -> None:
        """Raises ValueError for a relocation of another kind."""
        self.data = data
        self.machine = struct.unpack_from("<H", data, 18)[0]
        sections = self._table("<IIQQQQIIQQ", *struct.unpack_from("<40xQ10xHH", data))
        self.segments = [
            (offset, address, filled, size)
            for kind, _, offset, address, _, filled, size, _ in self._table(
                "<IIQQQQQQ", *struct.unpack_from("<32xQ14xHH", data)
            )
            if kind == _LOADED
        ]
        [table] = [section for section in sections if section[1] == _SYMBOLS]
        texts = sections[table[6]][4]
        names, self.defined = [], {}
        for name, _, _, section, value, _ in self._entries("<IBBHQQ", table):
            names.append(data[texts + name : data.index(b"\0", texts + name)].decode())
            if section:
                self.defined[names[-1]] = value
        self.undefined = {*names} - {*self.defined, ""}
        self.slots = {}
        for section in sections:
            for offset, kind, _ in self._entries("<QQq", section) if section[1] == _RELOCATIONS else ():
                if kind & 0xFFFFFFFF != _JUMP_SLOTS[self.machine]:
                    raise ValueError(f"a relocation of type {kind & 0xFFFFFFFF} at {offset}")
                self.slots[offset] = names[kind >> 32]
        [dynamic] = [section for section in sections if section[1] == _DYNAMIC]
        self.needs_others = bool({kind for kind, _ in self._entries("<QQ", dynamic)} & {_NEEDED, _VERSIONS})

    def _table(self, form: str, start: int, size: int, count: int) -> list[tuple[int, ...]]:
        return [struct.unpack_from(form, self.data, start + size * i) for i in range(count)]

    def _entries(self, form: str, section: tuple[int, ...]) -> list[tuple[int, ...]]:
        size = struct.calcsize(form)
        return self._table(form, section[4], size, section[5] // size)

    def as_assembly(self, folder: Path) -> Path:
        """A file for an assembler, in this folder: the bytes as they are loaded, the slots filled, and the names."""
        image = bytearray(max(address + size for _, address, _, size in self.segments))
        for offset, address, filled, _ in self.segments:
            image[address : address + filled] = self.data[offset : offset + filled]
        lines, done = ['.section .image, "awx"', ".balign 65536", "image:"], 0
        for offset, name in sorted(self.slots.items()):
            lines += [f'.incbin "{folder}/image", {done}, {offset - done}', f".quad {name}"]
            done = offset + 8
        lines.append(f'.incbin "{folder}/image", {done}')
        for name, offset in self.defined.items():
            lines += [f".globl {name}", f".set {name}, image + {offset}"]
        (folder / "image").write_bytes(image)
        assembly = folder / "image.s"
        assembly.write_text("\n".join([*lines, ""]))
        return assembly
