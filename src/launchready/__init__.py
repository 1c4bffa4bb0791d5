"""launchready: the layer a small booking business puts in front of its Python backend before it takes money."""
