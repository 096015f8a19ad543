from pathlib import Path
from typing import Any

def read(file: str | Path) -> Any: ...  # a data frame of polars
