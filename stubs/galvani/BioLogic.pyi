from typing import Any

class MPRfile:
    data: Any  # an array of numpy with named columns

    def __init__(self, file_or_path: str) -> None: ...
