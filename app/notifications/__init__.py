"""What a person is told: on screen at once, by mail as each person chose. Every slice writes through `commands.notify`."""
