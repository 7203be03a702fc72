"""What a core needs of its surroundings, as types. Read by people and type checkers, and not at run time."""

from typing import Callable, Dict, Iterator, List, Optional, Protocol, Union

from .commands import Command


class Store(Protocol):
    """Readings outlive a loss of power: a record that was appended is there until it is dropped. See store.py."""

    def append(self, record: bytes) -> int:
        """The number of the new record, above all before; 0: the store is full. Raises OSError when it cannot be kept."""
        ...

    def next(self, after: int) -> int:
        """The number of the first record behind this number; 0: there is none."""
        ...

    def read(self, number: int) -> Optional[bytes]:
        """The record; None when there is none, or it is damaged."""
        ...

    def drop(self, number: int) -> None:
        """The record is of no more use."""
        ...


class Memory(Protocol):
    """Small texts of one line, by name, that outlive a loss of power."""

    def load(self) -> Dict[str, str]:
        """All of them."""
        ...

    def save(self, key: str, text: Optional[str]) -> bool:
        """Keeps a text; None forgets it. False when it cannot be kept."""
        ...


class Files(Protocol):
    """The files that a store and a memory are made of: see Folder."""

    def names(self) -> List[str]: ...
    def lines(self, name: str) -> Iterator[bytes]: ...
    def read(self, name: str, at: int, length: int) -> bytes: ...
    def append(self, name: str, data: bytes, durable: bool = True) -> None: ...
    def remove(self, name: str) -> None: ...


# The function of a command: None, its output, or RUNNING.
Handler = Callable[[Command], object]
Handlers = Union[Handler, Dict[str, Handler], None]
