from pathlib import Path
from typing import Any

def load(path: str | Path) -> Any: ...  # a data frame of pandas
