"""The key with which versions are signed: an Ed25519 key in a file that only its owner may read.

key = make_key(Path("nodes/update.key"))        # PEM, PKCS #8; InputError where there is one
key = read_key(Path("nodes/update.key"))
public_text(key)                                # 64 hexadecimal digits: a node's update_key
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.errors import InputError
from filmgauge_host.private_files import check_private
from filmgauge_sim.nodes.update_key import PUBLIC_FILE

KEY_FILE = "update.key"  # beside the folders of the nodes


def make_key(path: Path, replace: bool = False) -> Ed25519PrivateKey:
    """Make a key, and beside it the file with its public half.

    Raises InputError where there is one already, unless it is to be replaced: nodes that have
    its public half take no version of another one, so it goes on in `older_path`.
    """
    files: dict[Path, Content] = {}
    if path.exists():
        if not replace:
            raise InputError(f"{path} is there already: nodes take versions of that key alone")
        files[older_path(path, read_key(path))] = Content(path.read_bytes(), 0o600)
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = f"{public_text(key)}\n".encode()
    files |= {path: Content(text, 0o600), path.with_name(PUBLIC_FILE): Content(public)}
    write_all(files)
    return key


def older_path(path: Path, key: Ed25519PrivateKey) -> Path:
    """Return where a key is that was at `path` before another one was made."""
    return older_path_of(path, public_text(key))


def older_path_of(path: Path, public: str) -> Path:
    """Return the same, for a key of which there is the public half."""
    return path.with_name(f"{path.stem}-{public[:8]}{path.suffix}")


def read_key(path: Path) -> Ed25519PrivateKey:
    """Read a key. Raises InputError naming what is wrong with the file, never what is in it."""
    try:
        check_private(path)
        text = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}; filmgauge keys update makes one"
        ) from None
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} is no Ed25519 key of filmgauge keys update")
    return key


def public_text(key: Ed25519PrivateKey) -> str:
    """Return the public half as the configuration of a node has it."""
    return key.public_key().public_bytes_raw().hex()
