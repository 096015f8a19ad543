"""The virtual laboratory: experiments on a cell, and the published ones repeated."""
