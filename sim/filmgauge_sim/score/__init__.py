"""The accuracy score: drawn cells and sensors, what is done to them, and how far gauges err."""
