from pathlib import Path
from typing import Any

def read(path: str | Path, *, plugin: str | None = None) -> Any: ...  # a data frame of pandas
