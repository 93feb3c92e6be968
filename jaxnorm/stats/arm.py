"""What differs in structure between networks, and is therefore compiled on its own."""

import dataclasses
from typing import Self

Factor = str | int | float


def spell(value: Factor) -> str:
    """A factor's value as text that no other value has: ``16`` for 16.0, and all digits where six are not enough."""
    if not isinstance(value, float):
        return str(value)
    return short if float(short := f"{value:g}") == value else repr(value)


@dataclasses.dataclass(frozen=True, order=True)
class Arm:
    """One line in a figure, one row in a table. Every instrument has its own subclass, whose fields are columns of the tidy table."""

    norm: str

    @property
    def factors(self) -> dict[str, Factor]:
        """Name to value of all that tells this arm from the others."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

    @property
    def key(self) -> str:
        """A name for files and dictionaries, of no other arm: ``batch-16``."""
        return "-".join(spell(value) for value in self.factors.values())


@dataclasses.dataclass(frozen=True)
class ControlArm(Arm):
    """An arm trained once more, on seeds that are not reported: the control. Nothing but their seeds tells its networks from the arm's."""

    arm: Arm

    @classmethod
    def of(cls, arm: Arm) -> Self:
        """The control of an arm."""
        return cls(arm.norm, arm)

    @property
    def factors(self) -> dict[str, Factor]:
        """Those of the arm."""
        return self.arm.factors

    @property
    def key(self) -> str:
        """``batch-16-control``."""
        return f"{self.arm.key}-control"
