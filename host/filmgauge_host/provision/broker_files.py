"""A node's lines in the password and ACL files of a mosquitto broker.

Password file: `user:$7$iterations$salt$hash`, PBKDF2 with SHA-512, salt of 12 bytes and hash of
64, both in base64, as mosquitto_passwd of mosquitto 2.0 writes it (a salt of another length is
read by 2.1 only). ACL file: a block for each user.
"""

import base64
import hashlib
import hmac
import os
from pathlib import Path

from filmgauge.uplink.mqtt import topics
from filmgauge_host.atomic_file import Content
from filmgauge_host.errors import InputError

BROKER_FOLDER = "mosquitto"  # beside those of the nodes
PASSWORDS, ACL = "passwords", "acl"  # in it
_ITERATIONS = 101  # what mosquitto_passwd 2.0 takes; the passwords made here have 144 bits
_SALT_BYTES = 12
_WRITES = (
    topics.TELEMETRY,
    topics.LOG,
    topics.LAST,
    topics.STATUS,
    topics.INFO,
    "event",
    "ack",
)
_READS = ("command",)
_BEGIN = "# filmgauge node {node}"
_END = "# end of filmgauge node {node}"


def login_files(nodes: Path, node: str, user: str, password: str) -> dict[Path, Content]:
    """Return both files, in the folder of all nodes, with the login of a node and what that may
    do: a password alone comes in, and the broker drops all that it sends. Raises InputError."""
    check_user(user)
    passwords, acl = _paths(nodes)
    rules = without_node(read_file(acl), node) + acl_block(node, user)
    remaining = without_strays(read_file(passwords), read_file(acl), rules)
    return _private(nodes, with_password(remaining, user, password), rules)


def files_without_login(nodes: Path, node: str) -> dict[Path, Content]:
    """Return both files without a node, {} where there are none; a login that other nodes share
    stays. Raises InputError."""
    passwords, acl = _paths(nodes)
    if not acl.exists():
        return {}
    rules = without_node(read_file(acl), node)
    return _private(nodes, without_strays(read_file(passwords), read_file(acl), rules), rules)


def _paths(nodes: Path) -> tuple[Path, Path]:
    return nodes / BROKER_FOLDER / PASSWORDS, nodes / BROKER_FOLDER / ACL


def _private(nodes: Path, passwords: str, acl: str) -> dict[Path, Content]:
    texts = zip(_paths(nodes), (passwords, acl), strict=True)
    return {path: Content(text.encode(), 0o600) for path, text in texts}


def read_file(path: Path) -> str:
    """Return the text of such a file, "" without one. Raises InputError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} must be text in UTF-8") from None


def check_user(user: str) -> None:
    """Raise InputError for a name that cannot stand in these files."""
    bad = not user or user != user.strip() or user.startswith("#")
    if bad or ":" in user or any(not c.isprintable() for c in user):
        raise InputError(
            "mqtt_user must not be empty, begin with #, have a colon or a control character, or"
            " begin or end with a space"
        )


def password_hash(password: str, salt: bytes | None = None) -> str:
    """Return the hash of a password as the file has it."""
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    salt_text, hash_text = (base64.b64encode(each).decode() for each in (salt, digest))
    return f"$7${_ITERATIONS}${salt_text}${hash_text}"


def is_hash_of(text: str, password: str) -> bool:
    """Return whether a hash of the file is of this password."""
    parts = text.split("$")
    if len(parts) != 5 or parts[1:3] != ["7", str(_ITERATIONS)]:
        return False
    try:
        salt = base64.b64decode(parts[3], validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(password_hash(password, salt), text)


def with_password(text: str, user: str, password: str) -> str:
    """Return a password file in which `user` has this password; others stay as they are.

    A line that is right already keeps its salt, so that nothing changes for nothing.
    """
    rest: list[str] = []
    own = f"{user}:{password_hash(password)}"
    for line in text.splitlines():
        name, _, hashed = line.partition(":")
        if name != user:
            rest.append(line)
        elif is_hash_of(hashed.strip(), password):
            own = line
    return "\n".join([*rest, own]) + "\n"


def without_strays(text: str, before: str, after: str) -> str:
    """Return a password file without the users that an ACL file has lost from `before` to
    `after`: a node that got another user must not leave its old one a way in."""
    lost = _users(before) - _users(after)
    rest = [line for line in text.splitlines() if line.partition(":")[0] not in lost]
    return "".join(line + "\n" for line in rest)


def _users(acl: str) -> set[str]:
    return {line.removeprefix("user ") for line in acl.splitlines() if line.startswith("user ")}


def nodes_of(acl: str, user: str) -> list[str]:
    """Return the nodes whose blocks in an ACL file are for a user, in their order."""
    nodes: list[str] = []
    node: str | None = None
    head, tail = _BEGIN.split("{node}")
    for line in acl.splitlines():
        if line.startswith(head):
            node = line.removeprefix(head).removesuffix(tail)
        elif node and line == f"user {user}":
            nodes.append(node)
        elif node and line == _END.format(node=node):
            node = None
    return nodes


def has_other_password(passwords: str, user: str, password: str) -> bool:
    """Return whether a password file has a line of a user that is of another password."""
    hashes = _hashes(passwords, user)
    return bool(hashes) and not any(is_hash_of(each, password) for each in hashes)


def acl_block(node: str, user: str) -> str:
    """Return the lines that let a node write its own topics only, and read its own commands and
    the versions of the firmware, which are no secret."""
    lines = [_BEGIN.format(node=node), f"user {user}"]
    lines += [f"topic write {topics.topic(node, leaf)}" for leaf in _WRITES]
    lines += [f"topic read {topics.topic(node, leaf)}" for leaf in _READS]
    lines.append(f"topic read {topics.topic(topics.FIRMWARE, '#')}")
    return "\n".join([*lines, _END.format(node=node)]) + "\n"


def users_of(acl: str) -> dict[str, str]:
    """Return the user of each node that has a block in an ACL file."""
    return {node: user for user in _users(acl) for node in nodes_of(acl, user)}


def is_password_of(passwords: str, user: str, password: str) -> bool:
    """Return whether a password file has a line of a user that is of this password."""
    return any(is_hash_of(each, password) for each in _hashes(passwords, user))


def _hashes(passwords: str, user: str) -> list[str]:
    lines = (line.partition(":") for line in passwords.splitlines())
    return [hashed.strip() for name, _, hashed in lines if name == user]


def without_node(text: str, node: str) -> str:
    """Return an ACL file without the block of a node."""
    begin, end = _BEGIN.format(node=node), _END.format(node=node)
    rest: list[str] = []
    inside = False
    for line in text.splitlines():
        if line == begin:
            inside = True
        if not inside:
            rest.append(line)
        if line == end:
            inside = False
    return "".join(line + "\n" for line in rest)
