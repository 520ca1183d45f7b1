"""The SMTP protocol, both ways, without any I/O."""
