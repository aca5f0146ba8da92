"""Discord outside of commands: client, courier, cards, durable buttons."""
