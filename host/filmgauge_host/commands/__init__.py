"""Commands to nodes: frames, what there is to say, whose counter is next, and the way by MQTT."""
