"""Building and reading messages: trace fields, notifications."""
