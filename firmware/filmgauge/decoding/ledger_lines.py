"""Names of the ledger's lines, in their order (gauge/ledger.py), for whoever reads a ledger."""

LEDGER_LINES = (
    "opening",
    "measured",
    "corrected",
    "zero",
    "input",
    "loss",
    "leak",
    "sleep",
    "sensor",
    "radio",
    "gap",
)
