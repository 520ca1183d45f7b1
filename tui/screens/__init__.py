"""One file a screen; what they share is in `base`."""
