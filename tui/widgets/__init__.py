"""The console's own widgets, all drawn line by line so that a million rows cost what fifty do."""
