"""What one writes in an afternoon: paho, json, executemany; the bench of the ingest has it.

python -m bench.ingest_plain PORT DATABASE RECORDS
"""

import json
import resource
import sqlite3
import sys
import time

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from filmgauge.record.record import fields

_BATCH = 500
_KEYS = [key for _, key, *_ in fields()]


def main(port: int, path: str, records: int) -> None:
    """Receive, store and acknowledge `records` records; print CPU seconds and when it was done."""
    database = sqlite3.connect(path, check_same_thread=False)
    database.execute("PRAGMA journal_mode = WAL")
    columns = ", ".join(_KEYS)
    database.execute(
        f"CREATE TABLE records (node, received, {columns}, "
        "PRIMARY KEY (node, life, boot, seq)) WITHOUT ROWID"
    )
    insert = f"INSERT OR IGNORE INTO records VALUES (?{', ?' * (len(_KEYS) + 1)})"
    rows: list[list[object]] = []
    stored = 0

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        nonlocal stored
        values = json.loads(message.payload)
        node = message.topic.split("/")[1]
        rows.append([node, time.time(), *(values.get(key) for key in _KEYS)])
        if len(rows) >= _BATCH or stored + len(rows) >= records:
            with database:
                database.executemany(insert, rows)
            stored += len(rows)
            rows.clear()
            if stored >= records:
                client.disconnect()

    client = mqtt.Client(CallbackAPIVersion.VERSION2, "plain", clean_session=False)
    client.on_message = on_message
    client.on_subscribe = _on_subscribe
    client.connect("127.0.0.1", port)
    client.subscribe("filmgauge/+/telemetry", 1)
    before_s = _cpu_s()
    client.loop_forever()
    print(_cpu_s() - before_s, time.time(), flush=True)


def _on_subscribe(*_answer: object) -> None:
    print("ready", flush=True)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
