"""The page: what an ingest receives and a store holds, over HTTP, to people and programs."""
