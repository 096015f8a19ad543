"""Everything that a node serves, as one flat-to-read table for `filmgauge ble read`."""

import json
from dataclasses import asdict
from typing import Any

from filmgauge_host.ble.discovery import HeardNode
from filmgauge_host.ble.node_client import NodeClient
from filmgauge_host.ble.radio import Radio


async def read_everything(radio: Radio, node: HeardNode) -> dict[str, Any]:
    """Return sections by name, each a table of values. Raises BleError."""
    async with NodeClient(radio, node.device) as client:
        record = await client.record()
        return {
            "node": {
                "name": node.name,
                "address": node.address,
                "rssi_dbm": node.advert.rssi_dbm,
                "mtu": client.mtu,
                **asdict(await client.device_information()),
            },
            "record": None if record is None else json.loads(record.to_json()),
            "state": asdict(await client.state()),
            "energy": asdict(await client.energy()),
            "ledger_pc": await client.ledger(),
            "battery": await client.battery(),
            "configuration": await client.configuration(),
        }
