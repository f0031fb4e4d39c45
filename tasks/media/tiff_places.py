"""Where compressed strips go in a TIFF file whose other bytes may not move."""

from collections.abc import Sequence


def place_strips(
    changed: bytearray, old: Sequence[tuple[int, int]], packed: Sequence[bytes]
) -> list[tuple[int, int]]:
    """Put strips into a file in place of its old ones, whose bytes are all cleared.

    Where every strip fits into its old place, that is where it goes. Otherwise they share
    the old strips' room one after the other, and what finds none is put at the end.

    Args:
        changed: the file; grows or shrinks at its end only.
        old: (offset, bytes) of each strip, none of which overlaps anything.
        packed: the new bytes of each strip.

    Returns:
        (offset, bytes) of each strip as it now is.
    """
    if all(len(new) <= size for new, (_, size) in zip(packed, old, strict=True)):
        for new, (offset, size) in zip(packed, old, strict=True):
            changed[offset : offset + size] = new.ljust(size, b"\0")
        return [(offset, len(new)) for new, (offset, _) in zip(packed, old, strict=True)]
    rooms = _rooms(old)
    for start, stop in rooms:
        changed[start:stop] = bytes(stop - start)
    if rooms[-1][1] == len(changed):
        del changed[rooms.pop()[0] :]
    return [(_put(changed, rooms, new), len(new)) for new in packed]


def append(changed: bytearray, data: bytes) -> int:
    """Put bytes at the end, at an even offset (TIFF 6.0, section 2); returns the offset."""
    changed.extend(bytes(len(changed) % 2))
    place = len(changed)
    changed.extend(data)
    return place


def _rooms(old: Sequence[tuple[int, int]]) -> list[list[int]]:
    """[start, stop) of the old strips, neighbours as one, ascending."""
    rooms: list[list[int]] = []
    for offset, size in sorted(old):
        if rooms and rooms[-1][1] == offset:
            rooms[-1][1] += size
        else:
            rooms.append([offset, offset + size])
    return rooms


def _put(changed: bytearray, rooms: list[list[int]], new: bytes) -> int:
    for room in rooms:
        start = room[0] + room[0] % 2
        if start + len(new) <= room[1]:
            changed[start : start + len(new)] = new
            room[0] = start + len(new)
            return start
    return append(changed, new)
