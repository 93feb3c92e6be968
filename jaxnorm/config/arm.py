"""What differs in structure between networks, and is therefore compiled on its own."""

import dataclasses

Factor = str | int | float

COUPLING_NORMS = ("batch", "ghost", "renorm")
"""The norms of the table that pool statistics over the examples of a batch, and over their padding unless it is masked."""


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
        """A name for files and dictionaries: ``batch-16``."""
        return "-".join(f"{value:g}" if isinstance(value, float) else str(value) for value in self.factors.values())
