"""Speaking Discord outside a command: client, courier, cards, durable buttons."""
