"""Home Assistant with nothing but its MQTT integration, in an interpreter of its own.

    python home_assistant_program.py FOLDER BROKER_PORT

Answers each line on stdin by a line of JSON: `state` by what it has of entities and devices,
`devices` by whether it has device discovery. The end of stdin ends it as an orderly stop does, so
that the next one in the FOLDER is a restart.
"""

import asyncio
import inspect
import json
import logging
import sys
from pathlib import Path

from homeassistant import config_entries, loader
from homeassistant.components import mqtt
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    area_registry,
    device_registry,
    entity,
    entity_registry,
    issue_registry,
    restore_state,
    translation,
)

_PLATFORMS = [Platform.SENSOR, Platform.BINARY_SENSOR]  # what tools/home_assistant.py unpacks
_KNOWS_DEVICES = Path(mqtt.__file__).with_name("schemas.py").exists()  # came with 2024.11


class _Complaints(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        if record.name == "homeassistant.helpers.frame":
            return  # about how it was started here
        self.lines.append(f"{record.name}: {record.getMessage()}")


async def start(folder, port):
    (folder / "configuration.yaml").touch()
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    translation.async_setup(hass)
    entity.async_setup(hass)
    hass.config_entries = config_entries.ConfigEntries(hass, {})
    await hass.config_entries.async_initialize()
    for registry in (area_registry, device_registry, entity_registry, issue_registry):
        await registry.async_load(hass)
    await restore_state.async_load(hass)
    for name in ("http", "file_upload"):  # it depends on them for its dialogs alone
        hass.config.components.add(name)
    mqtt.PLATFORMS = _PLATFORMS
    before = hass.config_entries.async_entries("mqtt")
    if before:
        await hass.config_entries.async_setup(before[0].entry_id)
    else:
        await hass.config_entries.async_add(_entry(port))
    await hass.async_start()
    entry = hass.config_entries.async_entries("mqtt")[0]
    assert entry.state is config_entries.ConfigEntryState.LOADED, entry.reason
    return hass


def _entry(port):
    values = {
        "data": {"broker": "127.0.0.1", "port": port, "discovery": True},
        "discovery_keys": {},
        "domain": "mqtt",
        "minor_version": 1,
        "options": {},
        "source": "user",
        "title": "MQTT",
        "unique_id": None,
        "version": 1,
    }
    wanted = inspect.signature(config_entries.ConfigEntry).parameters
    return config_entries.ConfigEntry(**{k: v for k, v in values.items() if k in wanted})


def state(hass, complaints):
    devices = device_registry.async_get(hass)
    found = {}
    for entry in entity_registry.async_get(hass).entities.values():
        now = hass.states.get(entry.entity_id)
        device = devices.async_get(entry.device_id) if entry.device_id else None
        found[entry.unique_id] = {
            "entity_id": entry.entity_id,
            "state": now.state if now else None,
            "attributes": json.loads(json.dumps(dict(now.attributes), default=str)) if now else {},
            "category": entry.entity_category,
            "disabled": entry.disabled_by is not None,
            "device": device
            and {
                name: getattr(device, name)
                for name in ("name", "manufacturer", "model", "sw_version", "hw_version")
            },
        }
    return {"entities": found, "complaints": complaints.lines}


async def main():
    complaints = _Complaints()
    logging.getLogger().addHandler(complaints)
    hass = await start(Path(sys.argv[1]), int(sys.argv[2]))
    complaints.lines.clear()
    print("ready", flush=True)
    while line := await hass.loop.run_in_executor(None, sys.stdin.readline):
        await hass.async_block_till_done()
        is_state = line.strip() == "state"
        answer = state(hass, complaints) if is_state else _KNOWS_DEVICES
        print(json.dumps(answer), flush=True)
    await hass.async_stop(force=True)


asyncio.run(main())
