"""The catalogue of claims as tables: for the documents, and with the verdicts of results."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from jaxnorm.analysis.catalogue import CATALOGUE
from jaxnorm.analysis.listing import Listing
from jaxnorm.analysis.summary import Summary, Verdict
from jaxnorm.reporting.tables import TextTable

FACTS = ("id", "claim", "measure", "expected", "margin")
"""What every table of claims says of each."""
Verdicts = Mapping[str, Sequence[tuple[str, Verdict]]]
"""Claim to the runs that judged it, by name, and what they found."""


def find_verdicts(results: Path) -> Verdicts:
    """What the summaries below ``results`` say of each claim; folders without one are passed over.

    Raises ``ValueError``, which names the file, where a summary is broken or judges a claim that the catalogue lacks.
    """
    found: dict[str, list[tuple[str, Verdict]]] = {listing.id: [] for listing in CATALOGUE}
    for path in sorted(results.glob("*/summary.json")):
        for verdict in _verdicts(path):
            if verdict.claim not in found:
                raise ValueError(f"{path} judges the claim {verdict.claim!r}, which is not in the catalogue")
            found[verdict.claim].append((path.parent.name, verdict))
    return found


def _verdicts(path: Path) -> list[Verdict]:
    try:
        return Summary.load(path).verdicts if judges_claims(path) else []
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path} is not a whole summary") from error


def judges_claims(path: Path) -> bool:
    """Whether a ``summary.json`` is of a run that judges claims; measurements of speed, layers and coverage do not."""
    return "verdicts" in msgspec.json.decode(path.read_bytes(), type=dict)


def claims_table() -> TextTable:
    """Every claim and how it is measured."""
    rows = [(*_facts(listing), _decided_by(listing)) for listing in CATALOGUE]
    return TextTable("Claims", "", (*FACTS, "decided by"), [("", rows)], 6)


def _facts(listing: Listing) -> tuple[str, ...]:
    return (listing.id, listing.claim, listing.measure, listing.expected, listing.margin)


def _decided_by(listing: Listing) -> str:
    return ", ".join(f"`{instrument}`" for instrument in listing.instruments) or listing.decided_by


def verdicts_overview(verdicts: Verdicts) -> TextTable:
    """Every claim with its verdicts, or with what would decide it."""
    rows = [(*_facts(listing), _state(listing, verdicts[listing.id])) for listing in CATALOGUE]
    decided = sum(bool(found) for found in verdicts.values())
    exact = sum(bool(listing.test) for listing in CATALOGUE)
    caption = (
        f"{decided} of {len(CATALOGUE)} claims are judged by results, {exact} are exact and tested, {len(CATALOGUE) - decided - exact} are "
        "open. A run is named in brackets; runs differ in data, optimizer and network."
    )
    return TextTable("Claims and their verdicts", caption, (*FACTS, "verdict"), [("", rows)], 6)


def _state(listing: Listing, found: Sequence[tuple[str, Verdict]]) -> str:
    if not found:
        return listing.decided_by if listing.test else f"open: {listing.decided_by}"
    by_word: dict[str, list[str]] = {}
    for run, verdict in found:
        by_word.setdefault(verdict.word, []).append(run)
    return "; ".join(f"{word} ({', '.join(runs)})" for word, runs in by_word.items())
